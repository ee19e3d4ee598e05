"""Signing in and out, proof of password, lock-out, and what may be changed about operators."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import salted_hmac
from django_htmx.http import reswap, retarget

from dashboard import identity, instance
from dashboard.accounts import codes
from dashboard.accounts.models import ANYTHINGLLM_SUFFIX, LookedAfter, Operator, Role, new_session_key
from dashboard.anythingllm import ApiError, SingleUserMode, User
from dashboard.audit.services import recording
from dashboard.errors import AnotherInstance, Declined, Words, describe, problem_response
from dashboard.http import OpenRequest, Request, render_page, wants_partial
from dashboard.models import Witness
from dashboard.said import gettext as _
from dashboard.said import gettext_lazy
from dashboard.server.threads import waiting

FAILURES_PER_ADDRESS = 50  # whatever the names tried; per name and address the limit is AXES_FAILURE_LIMIT
REFUSED_AFTER = 0.8  # seconds at least: the time a refusal took must not tell its reason
PROOF_LASTS = 15 * 60  # seconds
READ_RIGHTS_EVERY = 10.0  # seconds, for pages: 10,000 accounts take some 50 ms to read, and one request reads for all
WRITE_RIGHTS_EVERY = 5.0  # seconds, for changes

ROLES = {"admin": Role.ADMIN, "manager": Role.MANAGER, "default": Role.MEMBER}

CANNOT_ASK = gettext_lazy(
    "Accounts of AnythingLLM cannot be checked right now: it does not answer as it should. Try again in a minute."
)
NO_ACCOUNTS = gettext_lazy(
    "This AnythingLLM is not in multi-user mode, so it has no accounts to sign in with. Switch it on there, under Settings > Security > "
    "Multi-User Mode, or sign in as a local operator."
)
REFUSED = gettext_lazy("Name or password is wrong, or this account may not sign in just now.")
WRONG_PASSWORD = gettext_lazy(
    "This is not your password, or there were too many tries: then wait a quarter of an hour."
)


def target(operator: Operator) -> tuple[str, object, str]:
    return ("operator", operator.pk, operator.username)


# --- Checking a password, and the lock ----------------------------------------------------------------------------------
class Attempt(HttpRequest):
    """What the check of a password gets of a request: its address, and nothing that could be kept with a failure."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.method = "POST"
        self.META["REMOTE_ADDR"] = address
        self.recovery_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Whose password it was, if anybody's. `locked_for`: seconds until the next try from this address can succeed, 0 when not locked."""

    operator: Operator | None
    recovery_codes: tuple[str, ...] = ()
    locked_for: int = 0


def check_password(
    request: HttpRequest, *, username: str, password: str, event: str, account: str | None = None
) -> Check:
    """Checks a password and counts failures; `event` names a failure in the ledger, `account` the account on the instance if known.

    Raises ApiError when the instance would have to tell and cannot; that is no failure.
    """
    started = time.monotonic()
    attempt = Attempt(request.META.get("REMOTE_ADDR", ""))
    if seconds := locked_for(attempt, username):
        return Check(None, locked_for=seconds)
    credentials = {"username": username, "password": password} | ({"account": account} if account else {})
    try:
        operator = authenticate(attempt, **credentials)
    except ApiError:
        with waiting():
            time.sleep(max(0.0, started + REFUSED_AFTER - time.monotonic()))
        raise
    if isinstance(operator, Operator):
        _failures(attempt).filter(username=counted_name(attempt, credentials)).delete()
        return Check(operator, attempt.recovery_codes)
    seconds = locked_for(attempt, username)
    with suppress(Declined), recording(None, event, target=_known_target(username)):
        raise Declined(
            _("Locked after too many failures.") if seconds else _("Wrong password, or not allowed to sign in.")
        )
    with waiting():
        time.sleep(max(0.0, started + REFUSED_AFTER - time.monotonic()))
    return Check(None, locked_for=seconds)


def why_not_checked() -> Words:
    """The sentence for a password that the instance could not check. With one user only it fails in many ways, so it is asked."""
    try:
        instance.users().certain()
    except SingleUserMode:
        return NO_ACCOUNTS
    except ApiError:
        pass
    return CANNOT_ASK


def counted_name(request: HttpRequest, credentials: dict[str, Any]) -> str:
    """What failures are counted under: the name without regard to its capitals and to the ending by which it means the account;
    unreadable, because people type passwords into the wrong field.
    """
    name = unicodedata.normalize("NFKC", credentials["username"]).casefold().removesuffix(ANYTHINGLLM_SUFFIX)
    return salted_hmac("dashboard.accounts.attempt", name, algorithm="sha256").hexdigest()


def client_network(request: HttpRequest) -> str | None:
    """The address failures are counted under: of IPv6 the /64, since whoever has one address there has them all."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False).network_address)
    return str(address)


def _failures(attempt: Attempt) -> QuerySet[Any]:
    since = timezone.now() - get_cool_off()
    found: QuerySet[Any] = AccessAttempt.objects.filter(ip_address=client_network(attempt), attempt_time__gt=since)
    return found


def locked_for(attempt: Attempt, username: str) -> int:
    """Seconds for which no password is looked at, for this name from this address or for every name from there."""
    failures = _failures(attempt)
    own = failures.filter(username=counted_name(attempt, {"username": username}))
    for counted, limit in ((own, settings.AXES_FAILURE_LIMIT), (failures, FAILURES_PER_ADDRESS)):
        found = counted.aggregate(number=Sum("failures_since_start"), last=Max("attempt_time"))
        if (found["number"] or 0) >= limit:
            left: timedelta = found["last"] + get_cool_off() - timezone.now()
            return max(1, ceil(left.total_seconds()))
    return 0


def locked_out(response: HttpResponse, seconds: int) -> HttpResponse:
    """The response as the one of somebody who is locked out, if `seconds` says so."""
    if seconds:
        response.status_code = 429
        response["Retry-After"] = str(seconds)
    return response


def _known_target(username: str) -> tuple[str, object, str]:
    """Whom a refused sign-in was about. An unknown name is not kept: it may be a password in the wrong field."""
    operator = Operator.objects.named(username)
    if operator is not None:
        return target(operator)
    with suppress(ApiError):
        for user in instance.users().value:
            if user.username == account_name(username):
                return ("user", user.id, user.username)
    return ("", "", "")


# --- Accounts of the instance ---------------------------------------------------------------------------------------------
def account_name(username: str) -> str:
    """The name on the instance that a typed name means."""
    return Operator.normalize_username(username).removesuffix(ANYTHINGLLM_SUFFIX)


def operator_of(user: User, *, actor: Operator | None = None) -> Operator:
    """The operator linked to an account: made at the first sign-in, or by an admin before that; then kept in step with the account.

    Raises AnotherInstance when the account is not the one that is known by its id.
    """
    _vouch(user)
    role = ROLES.get(user.role, Role.MEMBER)
    name = _free_name(user)
    operator = Operator.objects.filter(anythingllm_user_id=user.id).first()
    if operator is None:
        with recording(actor, "operator.created", target=("operator", "", name), after={"role": role}) as entry:
            operator, _created = Operator.objects.get_or_create(
                anythingllm_user_id=user.id,
                defaults={"username": name, "role": role, "password": make_password(None)},
            )
            entry.target_id = str(operator.pk)
    _follow(operator, username=name, role=role)
    return operator


def operator_known(user_id: int) -> Operator | None:
    """The operator linked to this account, if there is one already."""
    return Operator.objects.filter(anythingllm_user_id=user_id).first()


def _vouch(user: User) -> None:
    known = identity.is_known(user)
    if known is None and Operator.objects.filter(anythingllm_user_id=user.id).exists():
        instance.users(max_age=0).certain()  # the first reading since identities are kept takes up who it is
        known = identity.is_known(user)
    if known is False:
        identity.doubt(Witness.Kind.USER, others=1, listed=1)
    # Whoever is known for certain can say which instance this is, if they are admin there.
    if identity.doubted() and not (known and user.role == Role.ADMIN):
        raise AnotherInstance
    if known is None:
        identity.introduce(user)


def halted(request: Request) -> HttpResponse | None:
    """While an admin has to say which instance this is: the page where they do, or a sentence. None otherwise."""
    if not identity.doubted():
        return None
    if request.user.is_active and request.user.effective_role == Role.ADMIN:
        return redirect("instance_identity")
    return problem_response(request, describe(AnotherInstance()))


def _free_name(user: User) -> str:
    """The account's name, with a suffix if another operator has it: a local one, or a linked one whose account was renamed since."""
    others = Operator.objects.exclude(anythingllm_user_id=user.id)
    names = [user.username, user.username + ANYTHINGLLM_SUFFIX]
    # "ada@anythingllm" always means ada's account, so an account of that very name is shown with another ending.
    for name in names[1:] if user.username.endswith(ANYTHINGLLM_SUFFIX) else names:
        if not others.filter(username__iexact=name).exists():
            return name
    return f"{user.username}{ANYTHINGLLM_SUFFIX}-{user.id}"


def _follow(operator: Operator, **account: str) -> None:
    """Takes over what the account says now."""
    before = {name: getattr(operator, name) for name in account}
    changed = {name: value for name, value in account.items() if value != before[name]}
    if changed:
        before = {name: before[name] for name in changed}
        with recording(None, "operator.updated", target=target(operator), before=before, after=changed):
            for name, value in changed.items():
                setattr(operator, name, value)
            operator.save(update_fields=list(changed))


def _account(operator: Operator, users: list[User]) -> User | None:
    return next((user for user in users if user.id == operator.anythingllm_user_id), None)


def refresh_rights(operator: Operator, *, writing: bool) -> None:
    """Reads again what the account of a linked operator may do, and takes it over.

    Raises PermissionDenied, after ending all sessions, when the account is suspended or gone. While the instance cannot tell, the last
    known role stays: it can do no harm there, since the instance would have to answer for that.
    """
    if operator.is_local:
        return
    try:
        reading = instance.users(max_age=WRITE_RIGHTS_EVERY if writing else READ_RIGHTS_EVERY)
        user = _account(operator, reading.value)
        if user is None or user.suspended or ROLES.get(user.role, Role.MEMBER) != operator.role:
            # The list may be older than the account's newest state. What has consequences is asked now.
            instance.forget("users")
            reading = instance.users()
            user = _account(operator, reading.value)
    except ApiError:
        return
    if reading.stale:
        return
    if user is None or user.suspended:
        with recording(None, "operator.signed_out", target=target(operator)) as entry:
            entry.detail = _("The account is suspended.") if user else _("The account is gone.")
            end_sessions(operator)
        raise PermissionDenied(_("Your account of AnythingLLM may not sign in any more. Ask an admin of AnythingLLM."))
    _follow(operator, role=ROLES.get(user.role, Role.MEMBER))


def as_of_now(operator: Operator, *, max_age: float) -> Operator | None:
    """The operator with the rights that their account has now; None when it is suspended or gone, or they were switched off here.

    While the instance cannot tell, the last known role stays. Nothing is written.
    """
    if not operator.is_active:
        return None
    if operator.is_local:
        return operator
    try:
        user = _account(operator, instance.users(max_age).value)
    except ApiError:
        return operator
    if user is None or user.suspended:
        return None
    operator.role = ROLES.get(user.role, Role.MEMBER)
    return operator


def own_account(operator: Operator) -> User:
    """The operator's own account as it is now, for what is done in its name. Raises Declined when there is none that may do anything,
    and ApiError.
    """
    if operator.is_local:
        raise Declined(_("You are a local operator of Foyer, without an account of AnythingLLM."))
    user = _account(operator, instance.users(max_age=0).certain())
    if user is None or user.suspended:
        raise Declined(_("Your account of AnythingLLM is suspended or gone. Ask an admin of AnythingLLM."))
    return user


# --- In and out -----------------------------------------------------------------------------------------------------------
def sign_in(request: OpenRequest, *, username: str, password: str) -> Check:
    """Signs in whose password it is; the session is a new one. Raises ApiError when the instance would have to tell and cannot."""
    check = check_password(request, username=username, password=password, event="operator.sign_in_refused")
    if check.operator is not None:
        enter(request, check.operator)
    elif not check.locked_for and Operator.objects.local(username) is not None:
        # Whoever tries names learns from no answer which ones the instance is not asked about. This is nobody's name there.
        instance.connect().auth.login("-", new_session_key())
    return check


def enter(request: OpenRequest, operator: Operator) -> None:
    """Signs in an operator whose password was just checked."""
    with recording(operator, "operator.signed_in"):
        request.session.flush()  # nothing from before the sign-in survives it, nor the old key
        login(request, operator)
        request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
        request.session["proved_at"] = time.time()
        request.session.clear_expired()


def keep_recovery_codes(request: Request, recovery_codes: Collection[str], goal: str) -> None:
    """The instance never shows them again: they are shown at each sign-in until the person says that they have them, and then goes to
    `goal`.
    """
    codes.keep(request.user, recovery_codes)
    request.session["recovery_codes"] = {"codes": tuple(recovery_codes), "next": goal}


def acknowledge_recovery_codes(request: Request) -> None:
    del request.session["recovery_codes"]
    codes.forget(request.user)


def chosen_language(request: HttpRequest) -> str:
    """The one that somebody who is not signed in chose on the page (`_languages.html`); "" leaves it to the browser."""
    chosen = request.GET.get("language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else ""


def keep_language(operator: Operator, language: str) -> None:
    """What was chosen at the door goes with whoever has chosen nothing inside."""
    if language and not operator.language:
        operator.language = language
        operator.save(update_fields=["language"])


def speak(response: HttpResponse, language: str) -> HttpResponse:
    """Makes the browser ask for the operator's language from now on; without one, its own decides."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 60 * 60,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


def sign_out(request: Request) -> None:
    with recording(request.user, "operator.signed_out"):
        logout(request)


def sign_out_everywhere(request: Request) -> None:
    with recording(request.user, "operator.signed_out_everywhere"):
        end_sessions(request.user)
        logout(request)


def end_sessions(operator: Operator) -> None:
    operator.session_key = new_session_key()
    operator.save(update_fields=["session_key"])


# --- Proof of password ------------------------------------------------------------------------------------------------------
def prove(request: Request, password: str) -> Check:
    """Checks the signed-in operator's own password, and remembers the proof. Raises ApiError when the instance cannot tell."""
    operator = request.user
    account = None
    if not operator.is_local:
        user = _account(operator, instance.users().value)
        account = user.username if user else operator.username
    check = check_password(
        request, username=operator.username, password=password, event="operator.proof_refused", account=account
    )
    if check.operator == operator:
        request.session["proved_at"] = time.time()
        return check
    return Check(None, locked_for=check.locked_for)


def demand_proof(request: Request) -> HttpResponse | None:
    """None when the password was given within the last 15 minutes, or comes as `proof` with this POST; else the page that asks for it.

    That page carries all that was posted, so that nothing is lost.
    """
    if time.time() - request.session.get("proved_at", 0) < PROOF_LASTS:
        return None
    error, seconds = "", 0
    if "proof" in request.POST:
        try:
            check = prove(request, request.POST["proof"])
        except ApiError:
            error = str(why_not_checked())
        else:
            if check.operator is not None:
                return None
            error, seconds = str(WRONG_PASSWORD), check.locked_for
    fields = [(name, values) for name, values in request.POST.lists() if name not in ("csrfmiddlewaretoken", "proof")]
    posted = [(name, value) for name, values in fields for value in values]
    context = {"posted": posted, "error": error}
    response = render_page(request, "accounts/proof.html", partial="accounts/_proof.html", context=context, status=422)
    add_never_cache_headers(response)  # what was posted may hold a password for somebody
    if wants_partial(request):
        return reswap(retarget(response, "#dialog"), "innerHTML")
    return locked_out(response, seconds)


# --- Own account ------------------------------------------------------------------------------------------------------------
def change_own_password(request: Request, password: str) -> None:
    """Sets the signed-in local operator's password. This session stays, all others end."""
    operator = request.user
    with recording(operator, "operator.password_changed"):
        _set_password(operator, password)
        update_session_auth_hash(request, operator)


def _set_password(operator: Operator, password: str) -> None:
    operator.set_password(password)
    operator.save(update_fields=["password"])  # which ends the sessions, see Operator.get_session_auth_hash


# --- Operators --------------------------------------------------------------------------------------------------------------
def create_operator(*, actor: Operator, username: str, role: str, password: str) -> Operator:
    """Raises Declined when somebody else was quicker with that name."""
    with recording(actor, "operator.created", target=("operator", "", username), after={"role": role}) as entry:
        try:
            with transaction.atomic():
                operator = Operator.objects.create_user(username, password, role=role)
        except IntegrityError:
            raise Declined(_("There is an operator of this name already.")) from None
        entry.target_id = str(operator.pk)
    return operator


def change_operator(*, actor: Operator, operator: Operator, role: str, is_active: bool) -> None:
    """Raises Declined rather than leave Foyer without an admin who may sign in."""
    before = {"role": operator.role, "is_active": operator.is_active}
    after = {"role": role, "is_active": is_active}
    if after == before:
        return
    accounts = _admins_there()
    with (
        recording(actor, "operator.updated", target=target(operator), before=before, after=after),
        transaction.atomic(),
    ):
        admins = {
            admin.pk: admin.is_local or admin.anythingllm_user_id in accounts
            for admin in Operator.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
        }
        if actor.pk not in admins:  # since the page was asked for
            raise Declined(_("You are no admin any more, so nothing was changed."))
        if operator == actor:
            raise Declined(_("This is you. Ask another admin to do that."))
        if not operator.is_local and role != operator.role:
            raise Declined(_("The role of this operator comes from AnythingLLM and is changed there."))
        others = any(can for pk, can in admins.items() if pk != operator.pk)
        if admins.get(operator.pk) and not others and not (is_active and role == Role.ADMIN):
            raise Declined(_("This is the last admin who may sign in. Make somebody else admin first."))
        operator.role, operator.is_active = role, is_active
        operator.session_key = operator.session_key if is_active else new_session_key()
        operator.save(update_fields=["role", "is_active", "session_key"])


def _admins_there() -> frozenset[int]:
    """The accounts of admins that can sign in. While the instance does not tell, none can."""
    try:
        users = instance.users(max_age=WRITE_RIGHTS_EVERY).certain()
    except ApiError:
        return frozenset()
    return frozenset(user.id for user in users if not user.suspended and ROLES.get(user.role) == Role.ADMIN)


def look_after(*, actor: Operator, operator: Operator, workspace_ids: Collection[int]) -> None:
    """Makes the operator manager of these workspaces only; none takes the list away. Raises Declined for an admin."""
    before = operator.looked_after
    if before == set(workspace_ids) and operator.limited == bool(workspace_ids):
        return
    names = {workspace.id: workspace.name for workspace in instance.workspaces().value}

    def words(ids: Collection[int]) -> str:
        listed = ", ".join(sorted((names.get(i, f"#{i}") for i in ids), key=str.casefold))
        return listed or (_("all") if operator.role == Role.MANAGER else "")

    before_and_after = {"before": {"workspaces": words(before)}, "after": {"workspaces": words(workspace_ids)}}
    with (
        recording(actor, "operator.workspaces_changed", target=target(operator), **before_and_after),
        transaction.atomic(),
    ):
        if Operator.objects.select_for_update().get(pk=operator.pk).role == Role.ADMIN:
            raise Declined(_("Admins look after every workspace."))
        operator.looks_after.exclude(workspace_id__in=workspace_ids).delete()
        LookedAfter.objects.bulk_create(
            [LookedAfter(operator=operator, workspace_id=i) for i in workspace_ids], ignore_conflicts=True
        )
        operator.limited = bool(workspace_ids)
        operator.save(update_fields=["limited"])
    del operator.looked_after


def reset_password(*, actor: Operator, operator: Operator, password: str) -> None:
    """Sets the password of a local operator and ends all their sessions. Raises Declined for a linked one."""
    with recording(actor, "operator.password_reset", target=target(operator)):
        if not operator.is_local:
            raise Declined(_("The password of this operator lives in AnythingLLM and is changed there."))
        _set_password(operator, password)
