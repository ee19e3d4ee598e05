# ruff: noqa: SIM905  (names in columns)
"""What becomes of each recorded exchange: an object, an error of a class, or no call of the client makes it."""

from __future__ import annotations

from dashboard.anythingllm import errors

# Answered with an object equal to the recorded one (see exchanges.py).
ANSWERED = """
        pub_ping auth__ok auth__lowercase_bearer admin_is_multi_user_mode__false
        admin_workspace_chats__single_user pub_multi_user_mode__multi_user pub_setup_complete__multi_user
        admin_users_new__ok_default admin_users_new__ok_manager admin_users_new__ok_all_fields
        admin_users_new__no_role admin_users_new__two_char_username admin_users_new__email_username
        admin_users_update__role admin_users_update__role_back admin_users_update__same_role
        admin_users_update__suspend_1 pub_request_token__suspended users_issue_auth_token__suspended_user
        admin_users_list__one_suspended admin_users_update__suspend_false
        admin_users_list__after_suspend_string_zero admin_users_update__suspend_0 admin_users_update__password
        admin_users_update__undefined_like_numeric_password admin_users_update__username
        admin_users_update__limit_null admin_users_update__limit_5 admin_users_update__id_float
        admin_users_update__last_admin_suspend admin_users_update__last_admin_unsuspend users_list__ok
        users_issue_auth_token__ok users_issue_auth_token__second_invalidates_first pub_sso_simple__ok
        pub_request_token__ok_first_login pub_request_token__ok_second_login pub_request_token__bad_password
        admin_users_delete__ok workspaces_list__empty workspace_new__ok workspace_new__same_name
        workspace_new__all_fields workspace_new__umlaut_and_symbols workspace_new__only_symbols
        workspace_new__chinese workspace_new__long_name workspace_new__blank_name
        workspace_new__invalid_values workspace_new__html_name workspaces_list__some workspace_get__ok
        workspace_update__ok workspace_update__nulls workspace_update__chat_provider_and_model
        workspace_update__chat_provider_default workspace_update__chat_provider_unknown
        workspace_get__with_unknown_provider workspace_update__repair_after_unknown_provider
        workspace_update__name_back admin_workspace_users__empty admin_manage_users__add_one
        admin_manage_users__add_again admin_workspace_users__three admin_manage_users__reset_true
        admin_workspace_users__unchanged admin_workspace_update_users__ok
        admin_workspace_users__after_unknown_user admin_workspace_update_users__empty_list
        admin_invites_list__empty admin_invite_new__ok admin_invite_new__empty_object
        admin_invite_new__no_body admin_invite_new__unknown_workspaces admin_invite_new__for_disable
        admin_invite_delete__ok_pending admin_invite_delete__already_disabled pub_invite_get__pending
        pub_invite_post__ok pub_invite_post__ok_unknown_workspace pub_invite_post__ok_string_ids
        pub_invite_post__ok_not_array admin_workspace_users__after_invites admin_invites_list__mixed
        admin_invite_delete__claimed admin_invites_list__claimer_deleted admin_preferences__ok
        admin_preferences__unknown_key admin_preferences__invalid_values admin_preferences__empty
        admin_preferences__custom_app_name workspace_delete__ok document_upload__txt_ok document_upload__md_ok
        document_upload__html_ok document_upload__pdf_ok document_upload__docx_ok document_upload__csv_ok
        document_upload__json_ok document_upload__umlaut_name document_upload__same_file_again
        document_upload__blank_txt document_upload__unknown_ext_text_content document_upload__no_extension
        document_upload__traversal_name document_upload__html_name document_upload__dot_name
        document_upload__with_metadata document_upload__add_to_workspace
        document_upload__add_to_two_workspaces document_upload__add_to_unknown_workspace
        document_upload__add_to_workspace_embed_fails document_upload_folder__new_folder
        document_upload_folder__existing document_upload_folder__umlaut_folder
        document_upload_folder__traversal document_upload_folder__add_to_workspace document_raw_text__ok
        document_raw_text__all_metadata document_raw_text__blank_text document_raw_text__add_to_workspaces
        document_raw_text__title_with_slash document_upload_link__local_html
        document_upload_link__local_txt_file document_upload_link__local_pdf_file
        document_upload_link__local_404 documents_list__folder_query documents_list__folder_query_page
        documents_list__folder_query_page_end documents_folder__ok documents_folder__umlaut document_get__ok
        document_create_folder__ok document_create_folder__umlaut_space documents_folder__empty_folder
        document_move_files__ok document_move_files__empty_list system_vector_count__some
        workspace_update_embeddings__add workspace_update_embeddings__add_again workspace_get__with_documents
        workspace_update_embeddings__delete_unknown workspace_update_embeddings__delete document_get__embedded
        workspace_update_pin__ok workspace_update_pin__unpin workspace_vector_search__ok
        workspace_vector_search__defaults workspace_vector_search__threshold_high
        workspace_vector_search__threshold_invalid workspace_vector_search__topn_big
        workspace_vector_search__no_embeddings system_remove_documents__ok system_remove_documents__embedded
        system_remove_documents__unknown system_remove_documents__empty_list
        system_remove_documents__traversal system_remove_documents__dotdot document_remove_folder__ok
        document_remove_folder__again document_remove_folder__unknown
        document_remove_folder__with_embedded_doc documents_list__after_remove document_generated_files__ok
        workspace_chat__mode_chat workspace_chat__mode_query_with_context workspace_chat__mode_query_no_match
        workspace_chat__mode_query_empty_workspace workspace_chat__default_mode_automatic
        workspace_chat__mode_automatic workspace_chat__at_agent workspace_chat__session_id
        workspace_chat__numeric_session_id workspace_chat__blank_message workspace_chat__slow
        workspace_chat__slash_reset workspace_chat__image_attachment workspace_chat__document_attachment
        workspace_stream_chat__mode_chat workspace_stream_chat__mode_chat_no_sources
        workspace_stream_chat__mode_query_with_context workspace_stream_chat__mode_query_no_match
        workspace_stream_chat__mode_query_empty_workspace workspace_stream_chat__mode_query_custom_refusal
        workspace_stream_chat__default_mode_automatic workspace_stream_chat__at_agent
        workspace_stream_chat__llm_500 workspace_stream_chat__llm_500_automatic
        workspace_stream_chat__llm_cut_mid_stream workspace_stream_chat__llm_error_event_mid_stream
        workspace_stream_chat__llm_ends_without_finish_reason workspace_stream_chat__llm_hangs_mid_stream
        workspace_stream_chat__slow_first_token workspace_stream_chat__embedder_500
        workspace_stream_chat__client_abort workspace_stream_chat__session_id
        workspace_stream_chat__slash_reset workspace_stream_chat__markdown
        workspace_stream_chat__unknown_provider workspace_stream_chat__provider_without_key
        workspace_chats__ok workspace_chats__limit_order thread_new__all thread_new__slug_with_spaces
        thread_new__text_user thread_new__html_name thread_update__ok thread_chat__ok_user
        thread_chat__ok_no_user thread_chat__unknown_user thread_chat__user_of_other_thread
        thread_chat__over_daily_limit_1 thread_chat__over_daily_limit_2 thread_chat__automatic
        thread_stream_chat__ok thread_stream_chat__automatic thread_stream_chat__unknown_workspace
        thread_stream_chat__llm_500 thread_stream_chat__query_refusal workspaces_list__with_threads
        workspace_get__with_threads admin_workspace_chats__page0 admin_workspace_chats__page1
        admin_workspace_chats__no_body admin_workspace_chats__far_page system_export_chats__default
        thread_delete__ok thread_delete__again workspace_stream_chat__mode_query_vectors_but_no_match
        workspace_chat__mode_query_vectors_but_no_match openai_models__ok openai_vector_stores__ok
        openai_chat__ok openai_chat__stream openai_chat__no_temperature openai_chat__llm_500_stream
        openai_chat__llm_cut_mid_stream openai_chat__query_refusal openai_chat__query_refusal_stream
        openai_embeddings__ok openai_embeddings__string embed_list__empty embed_new__ok embed_new__minimal
        embed_update__ok embed_chats__ok embed_chats__unknown embed_session_chats__ok
        embed_list__with_chat_count embed_delete__ok system__ok system_update_env__ok
        system_update_env__unknown_key system_update_env__env_name_instead_of_key
        system_update_env__masked_value system_update_env__empty system_env_dump__ok system_env_dump__no_key
        reset_scope__1_thread_before reset_scope__3_thread_after user_delete_cascade__1_chats_before
        user_delete_cascade__2_delete user_delete_cascade__3_chats_after document_upload__race_same_name_0
        admin_users_delete__only_admin admin_users_list__after_admin_deleted document_upload__big_10mb
        degraded_collector_down__documents degraded_llm_down__stream_chat
        degraded_llm_down__stream_chat_automatic degraded_llm_down__upload_add_to_workspace
        env_password_rules__ok env_no_tool_calling__stream_chat_automatic env_no_tool_calling__chat_automatic
        env_streaming_disabled__stream_chat env_default_private_ip__upload_link_127 pub_get__ping
        pub_get__onboarding pub_get__setup_complete pub_get__system_custom_app_name
        pub_get__system_is_default_logo pub_get__utils_metrics pub_get__env_dump session_login__sam
        race_create_same_user_0 race_create_same_workspace_0 race_create_same_workspace_1
        race_create_same_workspace_2 race_create_same_workspace_3 race_create_same_workspace_4
        race_add_same_member_0 race_add_same_member_1 race_add_same_member_2 race_add_same_member_4
        race_add_same_member_3 race_claim_invite_0 workspace_update__prompt_100kb
        users_issue_auth_token__float_id workspace_stream_chat__long_message_normal_words_100kb
        document_upload__no_space_20000
        workspace_stream_chat__x_accel_header_check openai_images__ok openai_images__ok_edit
        document_upload_link__add_to_workspace nokey__get_v1_system_env_dump db_locked__multi_user_mode
        db_write_locked__user_delete db_write_locked__workspace_delete db_write_locked__preferences
        db_after_lock__admin_users db_after_lock__workspaces thread_chat_as_member_mia_not_member
        workspace_delete__with_members_chats_threads admin_invites_list__workspace_deleted
        admin_workspace_chats__after_workspace_delete admin_workspace_users__after_workspace_delete
        workspace_new__after_delete_same_name admin_workspace_users__before_empty_body
""".split()

RAISES = {
    errors.DeletionProtected: """
        env_deletion_protection__workspace_delete env_deletion_protection__workspace_delete_unknown
    """.split(),
    errors.KeyRefused: """
        auth__bad_key auth__key_without_scheme admin_users_list__no_key admin_users_list__bad_key
        admin_users_list__session_jwt_instead_of_key users_list__no_key admin_users_delete__no_key
        workspace_update__no_key admin_invite_new__no_key admin_invites_list__no_key admin_preferences__no_key
        workspace_delete__no_key documents_list__no_key document_upload_link__no_key documents_folder__no_key
        document_create_folder__no_key document_move_files__no_key workspace_update_embeddings__no_key
        workspace_update_pin__no_key system_vector_count__no_key system_remove_documents__no_key
        document_remove_folder__no_key document_generated_files__no_key workspace_chat__no_key
        thread_stream_chat__no_key admin_workspace_chats__no_key thread_delete__no_key
        openai_embeddings__no_key embed_new__no_key embed_update__no_key embed_chats__no_key
        embed_session_chats__no_key system_update_env__no_key session_jwt_on_developer_api auth__deleted_key
        nokey__get_v1_auth nokey__get_v1_admin_is_multi_user_mode nokey__get_v1_admin_users
        nokey__post_v1_admin_users_new nokey__post_v1_admin_users_id nokey__delete_v1_admin_users_id
        nokey__post_v1_admin_invite_new nokey__post_v1_admin_workspace_chats nokey__post_v1_admin_preferences
        nokey__post_v1_document_raw_text nokey__get_v1_documents nokey__get_v1_documents_folder_folderName
        nokey__get_v1_document_accepted_file_types nokey__get_v1_document_docName
        nokey__delete_v1_document_remove_folder nokey__post_v1_document_move_files
        nokey__get_v1_document_generated_files_filename nokey__get_v1_workspace_slug
        nokey__delete_v1_workspace_slug nokey__get_v1_workspace_slug_chats
        nokey__post_v1_workspace_slug_update_embeddings nokey__post_v1_workspace_slug_update_pin
        nokey__post_v1_workspace_slug_stream_chat nokey__post_v1_workspace_slug_vector_search
        nokey__post_v1_system_update_env nokey__get_v1_system_export_chats
        nokey__delete_v1_system_remove_documents nokey__post_v1_workspace_slug_thread_new
        nokey__delete_v1_workspace_slug_thread_threadSlug nokey__post_v1_workspace_slug_thread_threadSlug_chat
        nokey__post_v1_workspace_slug_thread_threadSlug_stream_chat nokey__get_v1_users
        nokey__get_v1_users_id_issue_auth_token nokey__get_v1_openai_models
        nokey__post_v1_openai_chat_completions nokey__post_v1_openai_images_generations
        nokey__post_v1_openai_embeddings nokey__get_v1_embed nokey__get_v1_embed_embedUuid_chats
        nokey__get_v1_embed_embedUuid_chats_sessionUuid nokey__post_v1_embed_new
        nokey__delete_v1_embed_embedUuid db_locked__admin_users db_locked__workspaces
    """.split(),
    errors.MembershipMismatch: """
        admin_manage_users__add_two_more_mixed_unknown admin_workspace_update_users__unknown_user
        admin_workspace_update_users__unknown_workspace db_write_locked__manage_users
    """.split(),
    errors.NotAnythingLLM: """
        admin_users_get_method_on_new admin_users_get_single unknown_path_with_key unknown_path_post
        unknown_path_delete method_mismatch_put_users admin_users_delete__empty_id
    """.split(),
    errors.NotApplied: """
        workspace_update__high_temp workspace_update_embeddings__unknown_file
        workspace_update_embeddings__traversal workspace_update_embeddings__provider_fails
        workspace_update_embeddings__mixed document_move_files__embedded degraded_llm_down__update_embeddings
    """.split(),
    errors.NotFound: """
        admin_users_update__unknown_id_without_role admin_users_update__id_zero
        users_issue_auth_token__unknown_user admin_invite_delete__unknown pub_invite_get__disabled
        pub_invite_get__unknown pub_invite_get__claimed workspace_delete__unknown workspace_delete__again
        document_get__original_name workspace_update_pin__unknown_doc document_generated_files__not_found
        workspace_chat__unknown_slug thread_update__unknown_thread thread_update__unknown_workspace
        thread_chat__unknown_thread thread_stream_chat__unknown_thread thread_chats__unknown_thread
        thread_chats__unknown_workspace thread_delete__unknown_workspace openai_chat__unknown_model
        embed_new__unknown_slug embed_update__unknown embed_delete__again
        degraded_collector_down__accepted_file_types workspace_get__uppercase_slug admin_invite_delete__float
        db_write_locked__invite_delete
    """.split(),
    errors.PasswordLoginDisabled: """
        env_sso_no_login__request_token
    """.split(),
    errors.Refused: """
        admin_users_new__duplicate admin_users_new__short_password admin_users_new__empty_password
        admin_users_new__long_password admin_users_new__numeric_password admin_users_new__uppercase_username
        admin_users_new__space_in_username admin_users_new__umlaut_username admin_users_new__digit_first
        admin_users_new__one_char_username admin_users_new__long_username_65 admin_users_new__numeric_username
        admin_users_new__bad_role admin_users_new__empty_role admin_users_update__empty_password
        admin_users_update__taken_username admin_users_update__bad_username pub_sso_simple__superseded_token
        pub_sso_simple__reuse pub_sso_simple__bad_token admin_invite_delete__text_id
        admin_invite_delete__code_instead_of_id pub_invite_post__short_password
        pub_invite_post__taken_username pub_invite_post__bad_username pub_invite_post__unknown
        document_upload__empty_txt document_upload__broken_docx document_upload__unsupported_exe
        document_raw_text__empty_text document_raw_text__number_text document_upload_link__unreachable_host
        document_upload_link__refused_port document_upload_link__ftp document_create_folder__exists
        document_move_files__again_missing_source document_move_files__target_folder_missing
        document_move_files__traversal document_move_files__to_folder_only document_move_files__partial
        workspace_vector_search__empty_query document_generated_files__bad_name workspace_chat__bad_mode
        workspace_chat__llm_500 workspace_chat__embedder_500 workspace_stream_chat__empty_message
        workspace_chat__unknown_provider thread_new__duplicate_slug thread_chat__llm_500
        thread_stream_chat__empty_message system_export_chats__bad_type system_update_env__invalid_value
        system_update_env__invalid_second document_upload__race_same_name_1 document_upload__race_same_name_3
        degraded_collector_down__upload degraded_collector_down__upload_folder
        degraded_collector_down__upload_link degraded_collector_down__raw_text degraded_llm_down__chat
        env_password_rules__weak env_default_private_ip__upload_link_192 race_create_same_user_1
        race_create_same_user_2 race_create_same_user_3 race_claim_invite_1 race_claim_invite_2
        openai_images__provider_500
    """.split(),
    errors.ServerError: """
        admin_users_update__id_text admin_users_delete__again admin_users_delete__text_id
        admin_manage_users__unknown_slug workspace_update_pin__unknown_slug
        workspace_vector_search__embed_provider_fails openai_chat__llm_500 openai_embeddings__empty
        openai_embeddings__numbers degraded_llm_down__openai_embeddings degraded_llm_down__openai_chat
        db_locked__request_token db_write_locked__users_new db_write_locked__invite_new
        db_write_locked__workspace_new db_write_locked__workspace_update
    """.split(),
    errors.SingleUserMode: """
        admin_users_list__single_user admin_users_update__single_user admin_users_delete__single_user
        admin_invite_new__single_user admin_invite_delete__single_user admin_workspace_users__single_user
        admin_workspace_update_users__single_user admin_manage_users__single_user
        admin_preferences__single_user users_list__single_user
    """.split(),
    errors.SsoDisabled: """
        users_issue_auth_token__sso_off_single__single_user users_issue_auth_token__sso_off_multi_user
    """.split(),
}

# Reason to names.
NOT_MADE = {
    "Bytes that are no JSON of ours: the client sends nothing but well-formed JSON and forms.": """
        admin_users_new__text_plain_json admin_users_new__form_urlencoded pub_request_token__bad_json
        workspace_update__bad_json pub_invite_post__bad_json admin_preferences__bad_json
        workspace_stream_chat__bad_json admin_workspace_chats__bad_json system_update_env__bad_json
        document_upload__add_to_workspaces_twice document_upload_folder__add_to_workspaces_twice
        admin_users_new__bad_json_no_key
    """.split(),
    "Needs the session of a person; the client has an API key.": """
        internal_enable_multi_user__ok internal_enable_multi_user__twice pub_get__system_check_token
        pub_get__workspaces session_check_token__sam session_workspaces__sam session_workspaces__admin
        session_admin_users__sam_forbidden session_generate_api_key__admin session_delete_api_key__admin
        session_stream_chat__sam session_stream_chat__mia_not_member internal_generate_api_key__single_user
    """.split(),
    "Asked by a visitor's browser, not with an API key.": """
        pub_embed_stream_chat__ok
    """.split(),
    "The client has no such verb.": """
        options_preflight head_users
    """.split(),
    "The client sends no If-None-Match.": """
        workspaces_list__if_none_match
    """.split(),
    "The method's own arguments rule such a body out (left out, of another type, or one too many).": """
        admin_users_new__no_username admin_users_new__empty_body pub_invite_post__empty_body
        pub_invite_post__with_role_admin document_upload__no_file document_upload__json_body
        document_upload__no_body document_upload__bad_metadata document_raw_text__missing_title
        document_raw_text__no_text document_raw_text__metadata_as_string document_move_files__no_files
        workspace_update_embeddings__empty_body workspace_update_embeddings__adds_not_array
        workspace_vector_search__no_query system_remove_documents__no_names system_remove_documents__no_body
        document_remove_folder__no_name document_remove_folder__no_body document_remove_folder__number
        workspace_chat__no_message workspace_chat__list_message workspace_stream_chat__no_body
        thread_new__empty_body thread_new__no_body admin_workspace_chats__string_number
        openai_images__no_prompt embed_new__no_slug
    """.split(),
    "Refused as ValueError before anything is sent, because the instance would misread it.": """
        admin_users_new__limit_text admin_users_new__limit_numeric_string admin_users_new__limit_float
        admin_users_update__suspend_string_zero admin_users_update__limit_0 workspace_new__empty_name
        workspace_update__invalid_values workspace_update__empty_body admin_invite_new__string_ids
        admin_invite_new__not_array document_create_folder__nested document_create_folder__traversal
        document_create_folder__empty document_create_folder__dot workspace_update_pin__no_docpath
        document_remove_folder__traversal thread_update__empty_name thread_update__no_name
        admin_workspace_chats__negative admin_workspace_chats__text embed_new__bad_values
        embed_update__enabled_string system_update_env__number_value system_update_env__null_value
    """.split(),
    "Refused as NotSupported before anything is sent.": """
        admin_users_new__extra_unknown_fields admin_users_update__no_valid_fields
        workspace_update__no_valid_fields document_remove_folder__custom_documents
        embed_update__no_valid_fields embed_update__bad_workspace
    """.split(),
    "The client sends the same meaning in other words (a plain list, no null, base64 instead of bytes).": """
        admin_users_new__null_username admin_users_update__null_password admin_users_update__role_null
        admin_users_update__bio_null admin_invite_new__null workspace_update_pin__non_boolean
        system_remove_documents__string_instead_of_list openai_vector_stores__with_query
        embed_new__array_allowlist workspace_stream_chat__mode_null openai_images__ok_blob
        workspace_update_pin__string_yes
    """.split(),
    "Members' ids are whole numbers just read, each once; an empty list goes to update-users.": """
        admin_manage_users__string_ids admin_manage_users__reset_true_empty_list
        admin_manage_users__empty_list admin_manage_users__text_ids admin_manage_users__no_userids
        admin_workspace_users__text_id admin_workspace_users__slug_instead_of_id
        admin_workspace_update_users__duplicates admin_workspace_update_users__no_userids
        admin_workspace_update_users__null admin_workspace_update_users__text_workspace
        admin_workspace_update_users__empty_body_empties_members
    """.split(),
    "The client never resets a workspace, which would hide everybody's chats; threads it resets by the sync route.": """
        workspace_chat__reset_flag_no_message workspace_chat__reset_flag_with_message
        workspace_stream_chat__reset_only thread_stream_chat__reset reset_scope__2_workspace_reset
    """.split(),
    "Refused as ValueError: such a word would freeze the instance.": """
        workspace_stream_chat__no_space_2000 workspace_stream_chat__no_space_8000 workspace_stream_chat__no_space_20000
    """.split(),
    "A document is asked for by its name; the client drops the folder.": """
        document_get__with_folder_encoded
    """.split(),
}
