"""What lists of people say of somebody's state, in the words of many languages and programs: "Status: deactivated", "Suspended: yes"."""

from __future__ import annotations

from dashboard.csvfiles import plain

STATE, SUSPENDED, ACTIVE = "state", "suspended", "active"  # "Status: deactivated", "Suspended: yes", "Active: no"
STATES = (STATE, SUSPENDED, ACTIVE)


def _words(words: str) -> frozenset[str]:
    return frozenset(map(plain, words.split()))


SUSPENDED_WORDS = _words(
    "suspended deactivated disabled inactive blocked locked lockedout banned archived deprovisioned deleted removed terminated"
    " ldapblocked blockedpendingapproval blockcredential accountdisabled accountsuspended accountlocked isdisabled issuspended isblocked"
    " isdeleted notactive gesperrt deaktiviert inaktiv blockiert stillgelegt ausgesetzt nichtaktiv suspendu suspendue désactivé désactivée"
    " bloqué bloquée inactif inactive bloqueado bloqueada suspendido suspendida desactivado desactivada deshabilitado deshabilitada inactivo"
    " inactiva inhabilitado desativado desativada suspenso suspensa inativo inativa sospeso sospesa disattivato disattivata disabilitato"
    " disabilitata bloccato bloccata inattivo inattiva zablokowany zablokowana zawieszony zawieszona nieaktywny nieaktywna dezaktywowany"
    " dezaktywowana wyłączony geblokkeerd geschorst opgeschort inactief gedeactiveerd uitgeschakeld blokovaný blokován zablokovaný pozastavený"
    " pozastaven neaktivní deaktivovaný deaktivován neaktívny suspendat dezactivat blocat inactiv spärrad avstängd inaktiverad avaktiverad sperret"
    " spærret suspenderet suspendert deaktiveret deaktivert estetty lukittu felfüggesztve letiltva inaktív заблокирован заблокирована заблокировано"
    " приостановлен приостановлена отключен отключён отключена неактивен неактивна неактивный деактивирован деактивирована уволен заблоковано"
    " заблокований заблокована призупинено неактивний вимкнено деактивовано engellendi askıda askıyaalındı pasif devredışı kilitli"
    " ανενεργός ανενεργή σεαναστολή απενεργοποιημένος αποκλεισμένος معطل موقوف محظور معلق غيرنشط מושעה חסום מושבת לאפעיל ระงับ ถูกระงับ"
    " bịkhóa đãkhóa tạmngưng nonaktif dinonaktifkan diblokir ditangguhkan 已停用 停用 禁用 已禁用 冻结 已冻结 锁定 已锁定 封禁 已封禁 注销 已注销"
    " 离职 已离职 凍結 已凍結 停權 已停權 鎖定 無効 停止 停止中 利用停止 一時停止 無効化 ロック 정지 정지됨 중지 비활성 비활성화 차단 차단됨"
)
ACTIVE_WORDS = _words(
    "active activated enabled accountenabled loginenabled isactive isenabled ok normal aktiv aktiviert"
    " freigeschaltet actif active activé activée activo activa habilitado habilitada ativo ativa attivo attiva abilitato abilitata aktywny"
    " aktywna actief geactiveerd ingeschakeld aktivní aktívny activ aktiverad aktivert aktiveret aktiivinen aktív активен активна активный"
    " активний aktif etkin ενεργός ενεργή نشط פעיל ใช้งาน hoạtđộng 正常 启用 已启用 激活 已激活 在职 啟用 已啟用 有効 利用中 활성 활성화 사용"
)
YES_WORDS = _words(
    "yes y true t 1 x on ja j oui vrai wahr si sí sì verdadero vero sim verdadeiro tak prawda ano pravda igen igaz kyllä da да"
    " истина так evet doğru ναι نعم כן có ya 是 真 はい 예 네 ✓ ✔ ✅ ☑"
)
NO_WORDS = _words(
    "no n false f 0 off nein falsch non faux falso não nie fałsz ne nepravda nem hamis ei nej nei nee nu нет ложь ні hayır yanlış"
    " όχι لا לא không tidak 否 假 いいえ 아니요 아니오"
)
# What a column of states may say of somebody's role, as that of Slack's members does: whoever has a role is not suspended.
STATE_ROLES = _words(
    "default user member manager admin administrator owner primaryowner workspaceowner workspaceadmin workspaceprimaryowner orgowner orgadmin"
    " orgprimaryowner invitedmember fullmember guest"
    " singlechannelguest multichannelguest regular"
)
GOOD_WORDS = {
    STATE: ACTIVE_WORDS | STATE_ROLES,
    SUSPENDED: _words("active ok"),  # "Account locked: enabled" may mean the lock
    ACTIVE: ACTIVE_WORDS,
}
_HEADERS = (
    "state status accountstatus userstatus kontostatus zustand statut état estado situación situação stato stan stav stare tila"
    " toestand tillstånd állapot durum статус состояние стан κατάσταση الحالة מצב trạngthái 状态 账号状态 用户状态 狀態 状態 ステータス 상태"
)
# By its name in a header, as `csvfiles.heading` gives it: the kind of column.
STATE_HEADERS = {
    **dict.fromkeys(SUSPENDED_WORDS, SUSPENDED),
    **dict.fromkeys(ACTIVE_WORDS, ACTIVE),
    **dict.fromkeys(_words(_HEADERS), STATE),
}


def is_suspended(column: str, text: str) -> bool:
    """What a cell of a column about states says. Raises ValueError with the cell: nobody becomes active by a word that is not understood."""
    word = plain(text)
    if word in SUSPENDED_WORDS:
        return True
    if not word or word in GOOD_WORDS[column]:
        return False
    if column == STATE or word not in YES_WORDS | NO_WORDS:
        raise ValueError(text)
    return (word in YES_WORDS) == (column == SUSPENDED)
