import codecs
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import charsets
from dashboard.charsets import ENCODINGS
from dashboard.csvfiles import MAX_BYTES, Unreadable, read_again
from dashboard.users.imports import MAX_ROWS, Row, State, judge, read


def rows(text: str) -> list[Row]:
    return read(text.encode()).rows


def refusal(content: bytes | str) -> str:
    with pytest.raises(Unreadable) as problem:
        read(content.encode() if isinstance(content, str) else content)
    return problem.value.sentence


def verdicts(text: str, *, version: str | None = "1.16.0", names=()) -> list:
    return judge(rows(text), version, set(names))


# --- Header and delimiter -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_it_finds_the_delimiter(delimiter):
    text = "name,role,limit,about\nanna,admin,5,Sales\n".replace(",", delimiter)
    assert rows(text) == [Row(2, "anna", "admin", "5", "Sales")]


def test_excel_may_name_the_delimiter_itself():
    assert rows("sep=;\r\nname;about\r\nanna;a, b\r\n") == [Row(3, "anna", bio="a, b")]


@pytest.mark.parametrize(
    "header",
    [
        "name,role,limit,about",
        "Username,ROLE,Daily message limit,Bio",
        " user_name , Role,daily-limit,Description",
        "User Name,role,Messages a day,About",
        "用户名,角色,每日消息上限,简介",
        "账号,身份,限额,个人简介",
    ],
)
def test_it_knows_the_columns_in_english_and_chinese(header):
    assert rows(f"{header}\nanna,admin,5,Sales") == [Row(2, "anna", "admin", "5", "Sales")]


def test_columns_may_come_in_any_order():
    assert rows("about,name\nSales,anna") == [Row(2, "anna", bio="Sales")]


def test_unknown_columns_are_named_and_left_out():
    sheet = read(b"name,shoe size,department\nanna,40,Sales")
    assert sheet.rows == [Row(2, "anna")]
    assert sheet.warnings == ["These columns are not known and were left out: shoe size, department."]


@pytest.mark.parametrize("word", ["password", "Pass word", "PASSWD", "密码"])
def test_a_password_column_is_refused(word):
    assert f"“{word}” is not accepted" in refusal(f"name,{word}\nanna,secret")


def test_a_header_without_names_is_told_with_what_it_says():
    assert refusal("\nanna,admin\nbob,default") == (
        "Line 2 must name the columns, and one of them must be “name”. It says: anna, admin"
    )


def test_two_columns_of_one_meaning_are_told_both():
    assert refusal("login,role,Account\na,b,c") == (
        "Line 1: two columns mean the same, “login” and “Account”. Remove one of them."
    )
    assert "“user name” and “用户名”" in refusal("user name,用户名,login\na,b,c")


@pytest.mark.parametrize(
    ("header", "taken", "left_out"),
    [
        (
            "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname",  # Slack's
            "username",
            "email, billing-active, has-2fa, has-sso, userid, fullname, displayname",
        ),
        ("Id,Name,Username,Email,State", "Username", "Id, Name, Email"),  # GitLab's
        ("Name,User,Account,User Name", "User Name", "Name, User, Account"),
        ("Name,User id,User,Account", "Account", "Name, User id, User"),
        ("Name,User id,User", "User", "Name, User id"),
        ("Name,User id [READ ONLY]", "User id [READ ONLY]", "Name"),
        ("姓名,账号", "账号", "姓名"),
    ],
)
def test_of_columns_that_mean_how_people_sign_in_the_surest_is_taken(header, taken, left_out):
    cells = [f"cell {cell}" for cell in header.split(",")]
    sheet = read(f"{header}\n{','.join(cells)}".encode())
    assert sheet.rows[0].username == f"cell {taken}"
    assert sheet.warnings == [f"These columns are not known and were left out: {left_out}."]


@pytest.mark.parametrize("header", ["Id,Name,Username,Email,State", "username,email,status,userid2,name"])
def test_a_column_of_user_names_goes_before_one_of_peoples_names(header):
    sheet = read(f"{header}\n1,2,3,4,5".encode())
    at = header.casefold().split(",").index("username")
    assert sheet.rows[0].username == str(at + 1)
    assert "ame" in sheet.warnings[0].replace("Username", "").replace("username", "")


@pytest.mark.parametrize(
    "text",
    [
        'name,role,limit,about;;\r\n"anna,default,50,""Sales, EU""";;\r\n"ben,manager,,";;\r\n',
        '"name,role,limit,about"\r\n"anna,default,50,""Sales, EU"""\r\n"ben,manager,,"\r\n',
        '"name;role;limit;about",,\r\n"anna;default;50;""Sales, EU""",,\r\n"ben;manager;;",,\r\n',
    ],
)
def test_a_spreadsheets_rows_in_one_cell_each_are_understood(text):
    assert rows(text) == [Row(2, "anna", "default", "50", "Sales, EU"), Row(3, "ben", "manager")]


def test_letters_that_nobody_sees_do_not_count():
    unseen = "\ufeff\ufeffna\u200bme,\u202arole\u202c\n\u200ban\u00adna\u2060,\u00a0admin\u200f"
    assert rows(unseen) == [Row(2, "anna", "admin")]


def test_a_joiner_that_a_script_needs_is_kept():
    assert rows("name,about\nmira,می\u200cخواهم")[0].bio == "می\u200cخواهم"


def test_what_an_export_has_guarded_comes_back_as_it_was():
    assert rows("name,about\nanna,'-20 % desk\nbob,\"x;'=1\"\ncem,'quoted'") == [
        Row(2, "anna", bio="-20 % desk"),
        Row(3, "bob", bio="x;=1"),
        Row(4, "cem", bio="'quoted'"),
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "state",
            "suspended Deactivated blocked ldap_blocked inactive gesperrt Deaktiviert suspendu désactivée bloqueado suspendido desativado",
        ),
        ("Status", "sospeso zablokowany geblokkeerd заблокирован 已停用 停用 無効 ανενεργός askıda 정지 موقوف"),
        ("Suspended", "yes 1 x TRUE ja oui sí да 是 はい suspended"),
        ("Gesperrt", "ja x wahr"),
        ("Active", "no 0 FALSE nein non нет 否 inactive"),
        ("Status [READ ONLY]", "Suspended"),
        ("状態", "無効"),
    ],
)
def test_who_is_suspended_in_the_list_is_told_and_not_made(header, words):
    for word in words.split():
        (judged,) = verdicts(f"name,{header}\nanna,{word}")
        assert (judged.state, judged.words[:24]) == (State.INVALID, "State: suspended, but a "), word


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "Status",
            ",active,aktiv,actif,activo,正常,有効,-,Member,Admin,Owner,Primary Owner,Invited Member,Multi-Channel Guest",
        ),
        ("Suspended", ",no,0,false,nein,active,否"),
        ("Active", ",yes,1,x,true,ja,active,是"),
    ],
)
def test_who_is_active_in_the_list_is_made(header, words):
    for word in words.split(","):
        assert verdicts(f"name,{header}\nanna,{word}")[0].state == State.NEW, word


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("state", "away"),
        ("state", "1"),
        ("status", "Bot"),
        ("suspended", "perhaps"),
        ("account disabled", "enabled"),
        ("active", "2024-05-01"),
    ],
)
def test_nobody_becomes_active_by_a_word_that_is_not_understood(header, word):
    (judged,) = verdicts(f"name,{header}\nanna,{word}")
    assert judged.state == State.INVALID
    assert judged.words == f"State: “{word}” is not understood. Write “active” or “suspended”, or empty this cell."


def test_a_long_word_before_a_letter_costs_no_more_than_others():
    """As many times as long it took twice as long squared: a minute in which nobody else was served."""
    begun = time.process_time()
    assert charsets.encoding_of(b"a" * 19_000 + b" M\xfcller") == "cp1252"
    assert time.process_time() - begun < 5


def test_all_columns_about_states_count():
    assert [
        judged.state for judged in verdicts("name,status,active,suspended\na-1,ok,yes,no\nb-1,ok,no,no\nc-1,ok,yes,x")
    ] == [
        State.NEW,
        State.INVALID,
        State.INVALID,
    ]


def test_a_state_is_read_again_in_the_encoding_that_is_chosen():
    content = "name;Status\nanna;заблокирован".encode("koi8-u")
    (row,) = read(content, "cp1251").rows
    (row,) = [row.changed(lambda cell: read_again(cell, "cp1251", "koi8-u"))]
    assert judge([row], None, set())[0].words.startswith("State: suspended")
    active = "name;активен\nanna;нет".encode("cp1251")
    assert judge(read(active).rows, None, set())[0].words.startswith("State: suspended")


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", " ,, \n"])
def test_an_empty_list_is_told(text):
    assert refusal(text) == "The list is empty."


def test_a_list_with_only_a_header_is_told():
    assert refusal("name,role\n\n") == "The list has a header but nobody in it."


# --- Encodings ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_it_reads_utf_8_without_a_word(encoding):
    sheet = read("name,about\nanna,Zoë 李".encode(encoding))
    assert (sheet.rows, sheet.warnings) == ([Row(2, "anna", bio="Zoë 李")], [])


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)])
def test_it_reads_utf_16_and_says_so(encoding, mark):
    sheet = read(mark + "name\tabout\nanna\tZoë 李".encode(encoding))
    assert (sheet.rows, sheet.warnings) == ([Row(2, "anna", bio="Zoë 李")], ["The file was read as UTF-16."])


@pytest.mark.parametrize(
    ("encoding", "about", "told"),
    [
        ("cp1252", "Jürgen Groß, Café “Zoë”", "Windows-1252"),
        ("gb18030", "销售部的同事", "GB 18030"),
        ("gb18030", "李喆", "GB 18030"),
        ("gb18030", "张伟", "GB 18030"),
        ("cp1252", "Anna Rößler", "Windows-1252"),
        ("cp1252", "Matti Määttä, Pääkkönen", "Windows-1252"),
        ("cp1252", "Lefèvre, Simões, Niño, 20 °C", "Windows-1252"),
        ("cp1252", "Jörg", "Windows-1252"),
        ("cp1252", "Größe: 12 m² für Käufer, 3 m³, ½ Liter", "Windows-1252"),
        ("cp1250", "Michał, Paweł, Müller, 3 km", "Windows-1250"),
        ("cp1252", "Þórður Guðmundsson, Æsa Bjarnadóttir", "Windows-1252"),
        ("cp1252", "Sigurður Þorsteinsson", "Windows-1252"),
        ("cp1252", "Ýr Guðrúnardóttir", "Windows-1252"),
        ("cp850", "Þórður Guðmundsson", "DOS 850"),
        ("cp1250", "Łukasz Żółć", "Windows-1250"),
        ("cp1250", "Jiří Dvořák", "Windows-1250"),
        ("cp1250", "Kovács Győző", "Windows-1250"),
        ("cp1251", "Иван Петров", "Windows-1251"),
        ("cp1253", "Γιώργος", "Windows-1253"),
        ("cp1254", "Ayşe Yılmaz", "Windows-1254"),
        ("cp1254", "Doğan Şahin, İpek Dağ", "Windows-1254"),
        ("cp1250", "Đurđica Đorđević", "Windows-1250"),
        ("cp1257", "Jānis Bērziņš", "Windows-1257"),
        ("cp932", "営業部の同僚", "Shift JIS"),
        ("cp950", "業務部 王小明", "Big5"),
        ("cp949", "영업부 김철수", "EUC-KR"),
        ("mac-roman", "Jürgen Groß", "Mac Roman"),
        ("koi8-u", "отдел продаж", "KOI8"),
        ("utf-16-le", "Zoë", "UTF-16 LE"),
    ],
)
def test_it_guesses_what_excel_writes_and_says_so(encoding, about, told):
    sheet = read(f'name;about\nanna;"{about}"'.encode(encoding))
    assert sheet.rows == [Row(2, "anna", bio=about)]
    assert told in sheet.warnings[0]


def test_a_chinese_header_in_excels_encoding_is_known():
    assert read("用户名,角色\nanna,管理员".encode("gb18030")).rows == [Row(2, "anna", "管理员")]


def test_a_workbook_and_other_files_are_refused():
    assert "Excel workbook" in refusal(b"PK\x03\x04whatever")
    assert "not a text file" in refusal(b"name\n\x00\x01")
    assert "not a text file" in refusal("name\nann\0a".encode("utf-16"))
    assert "cannot be read" in refusal(b"name,about\nanna,\x81\xff\x8d\x90")


def test_one_wrong_byte_in_utf_8_is_told_with_its_line():
    content = "name,about\nanna,Größe\nbob,Zoë\n".encode() + b"cem,M\xfcller\n"
    assert refusal(content).startswith("Line 4: a letter is broken; the rest of the file is UTF-8.")


def test_an_encoding_that_was_chosen_is_taken_strictly():
    content = "name,about\nanna,李喆".encode("gb18030")
    assert read(content, "gb18030").rows == [Row(2, "anna", bio="李喆")]
    with pytest.raises(Unreadable, match="Line 2: a letter is not UTF-8"):
        read(content, "utf-8")


@given(st.binary(max_size=60), st.sampled_from([*ENCODINGS, ""]))
def test_whatever_is_chosen_it_is_read_or_refused_in_a_sentence(content, encoding):
    try:
        read(b"name,about\nanna," + content, encoding)
    except Unreadable as problem:
        assert problem.sentence


# --- Rows ---------------------------------------------------------------------------------------------------------------
def test_lines_are_counted_as_an_editor_shows_them():
    text = 'name,about\r\n\r\nanna,"two\r\nlines"\r\n,,\r\nbob,x\r\n'
    assert [(row.line, row.username) for row in rows(text)] == [(3, "anna"), (6, "bob")]


def test_old_line_ends_are_read_too():
    assert [(row.line, row.username) for row in rows("name\ranna\rbob")] == [(2, "anna"), (3, "bob")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('name,about\nanna,"never closed\nbob,x', "Line 2, column 6: this quotation mark is never closed."),
        (
            'name,about\nanna,x\nbob,"so "called" friend"',
            "Line 3, column 10: something stands after the closing quotation mark. Double the marks within a cell.",
        ),
        ('name,about\n"a\nb",x\nbob,"', "Line 4, column 5: this quotation mark is never closed."),
        ('sep=;\nname;about\nbob;"', "Line 3, column 5: this quotation mark is never closed."),
    ],
)
def test_broken_quotation_marks_are_told_with_line_and_column(text, sentence):
    assert refusal(text) == sentence


def test_doubled_marks_and_marks_in_the_middle_are_fine():
    assert [row.bio for row in rows('name,about\na,"so ""called"" friend"\nb,5" disk')] == [
        'so "called" friend',
        '5" disk',
    ]


def test_a_cell_that_is_far_too_long_is_told_with_its_line():
    assert (
        refusal("name,about\nanna," + "x" * 140_000) == "Line 2, column 6: has 140000 characters; 131072 are allowed."
    )


def test_there_is_a_cap_on_size_and_on_rows():
    assert "larger than 1 MB" in refusal(b"name\n" + b"x" * MAX_BYTES)
    many = "name\n" + "\n".join(f"user-{number}" for number in range(MAX_ROWS))
    assert len(rows(many)) == MAX_ROWS
    assert refusal(many + "\none-more").startswith(f"Line {MAX_ROWS + 2}: the list has more than 5000 people.")


@given(st.binary(max_size=200), st.sampled_from([b"", b"name,role,limit,about\n", b"name\tabout\r\n"]))
def test_whatever_comes_is_read_or_refused_in_a_sentence(content, header):
    try:
        sheet = read(header + content)
    except Unreadable as problem:
        assert problem.sentence
    else:
        assert len(judge(sheet.rows, None, set())) == len(sheet.rows) > 0


# --- Verdicts -----------------------------------------------------------------------------------------------------------
def test_every_row_gets_its_verdict():
    text = "name\nanna\nada\nanna\nBob\n"
    assert [judged.state for judged in verdicts(text, names=["ada"])] == [
        State.NEW,
        State.EXISTS,
        State.DUPLICATE,
        State.INVALID,
    ]


def test_a_duplicate_names_the_line_of_the_first():
    assert verdicts("name\nanna\nbob\nanna")[2].words == "The same name as in line 2."


def test_a_name_that_is_not_valid_is_told_with_a_better_one():
    judged = verdicts("name\nJürgen Groß\njurgen-gross\nJürgen Groß!")
    assert judged[0].words.startswith("Name: A user name begins with a small letter")
    assert judged[0].words.endswith("Perhaps “jurgen-gross”?")
    assert judged[2].words.endswith("Perhaps “jurgen-gross-2”?")


def test_a_missing_name_is_told():
    assert verdicts("name,role\n,admin")[0].words == "Name: is missing."


@pytest.mark.parametrize(
    ("version", "name", "valid"),
    [
        ("1.16.0", "anna@example.org", True),
        ("1.16.0", "a" * 64, True),
        ("1.15.0", "a" * 33, False),
        ("1.10.0", "Anna", True),
        ("1.16.0", "Anna", False),
        ("1.8.0", "9anna", True),
        ("1.7.0", "anna.b", False),
    ],
)
def test_names_are_judged_by_the_instances_version(version, name, valid):
    assert (verdicts(f"name\n{name}", version=version)[0].state == State.NEW) is valid


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("", "default"),
        ("Default", "default"),
        ("member", "default"),
        ("普通用户", "default"),
        ("MANAGER", "manager"),
        ("经理", "manager"),
        ("Admin", "admin"),
        ("管理员", "admin"),
    ],
)
def test_it_knows_the_words_for_roles(word, role):
    (judged,) = verdicts(f"name,role\nanna,{word}")
    assert (judged.state, judged.role) == (State.NEW, role)


def test_an_unknown_role_is_told():
    assert verdicts("name,role\nanna,boss")[0].words == "Role: “boss” is not one of default, manager, admin."


@pytest.mark.parametrize(
    ("text", "limit"),
    [("", None), ("none", None), ("No limit", None), ("不限", None), ("1", 1), ("20.0", 20), ("２０", 20)]
    + [(text, 1000) for text in ("1.000", "1,000", "1 000", "1'000", "1’000", "1\u00a0000", "1\u202f000", "1.000,00")]
    + [("10.000", 10_000), ("1,000,000", 1_000_000), ("200", 200), ("20,00", 20), ("20.000", 20_000)],
)
def test_it_reads_limits(text, limit):
    (judged,) = verdicts(f'name;limit\nanna;"{text}"')
    assert (judged.state, judged.daily_message_limit) == (State.NEW, limit)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-5",
        "1.5",
        "many",
        "1e3",
        "1000001",
        "9" * 30,
        "-",
        "–",
        "1.00.000",
        "1.0000",
        "1,00,000",
        "1.000 000",
        "1.000,000",
    ],
)
def test_a_limit_that_is_none_is_told(text):
    (judged,) = verdicts(f'name,limit\nanna,"{text}"')
    assert judged.state == State.INVALID
    assert judged.words == f"Messages a day: “{text}” is not a whole number from 1 to 1000000."


def test_a_text_about_somebody_has_at_most_1000_characters():
    assert verdicts("name,about\nanna," + "x" * 1000)[0].state == State.NEW
    assert verdicts("name,about\nanna," + "x" * 1001)[0].words == "About: has 1001 characters; 1000 are allowed."


def test_a_cell_beyond_the_header_is_told_and_empty_ones_are_not():
    lost, fine = verdicts("name,about\nanna,Sales,Berlin\nbob,Sales,,\n")
    assert lost.words == "Something stands beyond the last column of the header."
    assert fine.state == State.NEW


def test_what_stands_beyond_the_header_is_not_kept_because_it_may_be_a_password():
    assert "Tr0ub4dor" not in str(read(b"name\nanna,Tr0ub4dor&3\n"))


def test_all_that_is_wrong_with_a_row_is_told_at_once():
    words = verdicts("name,role,limit\nBob,boss,0")[0].words
    assert all(label in words for label in ("Name:", "Role:", "Messages a day:"))


def test_whatever_else_is_wrong_an_account_that_exists_is_left_alone():
    (judged,) = verdicts("name,role\nada,boss", names=["ada"])
    assert (judged.state, judged.reasons) == (State.EXISTS, [])


# --- Files as they came -------------------------------------------------------------------------------------------------
def of(name: str):
    (path,) = (Path(__file__).parents[1] / "data/lists").glob(f"{name}-*")
    return read(path.read_bytes())


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("12", [("anna", "Sales, EU"), ("ben", "")]),
        ("13", [("matti", "Matti Määttä"), ("sari", "Sari Pääkkönen")]),
        ("14", [("anna", "Anna Rößler")]),
        ("15", [("Łukasz Żółć", "")]),
        ("16", [("hanako", "営業部の同僚")]),
        ("19", [("anna.m", "")]),
        ("21", [("anna", "x")]),
        ("23", [("new1", "-20 % discount desk")]),
        ("33", [("jdoe", ""), ("jmontoya", "")]),
    ],
)
def test_files_of_other_programs_are_read(name, people):
    assert [(row.username, row.bio) for row in of(name).rows] == people


def test_a_number_with_groups_in_a_file_is_what_it_says():
    judged = judge(of("18").rows, None, set())
    assert [row.daily_message_limit for row in judged] == [1000, 10_000, 200]


def test_a_suspended_person_of_an_export_is_told():
    (judged,) = judge(of("23").rows, None, set())
    assert judged.state == State.INVALID
