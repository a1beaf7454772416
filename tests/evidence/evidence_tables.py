"""Lists which columns of which tables are evidence, and why the others are none; kept by hand."""

from __future__ import annotations

# Records: every column of theirs is evidence.
RECORDS = {
    "administrative_act",
    "calendar",
    "cell",
    "cell_assignment",
    "crew",
    "customer",
    "duty",
    "item",
    "matter",
    "notice",
    "on_call",
    "photo",
    "questionnaire",
    "response",
    "service_point",
    "signature",
    "staff",
    "survey",
    "unit",
    "visit",
    "work_order",
}
# Rows beside the records: what of them is evidence, and why the rest is not.
BESIDE = {
    "access": ({"id", "at", "staff_id", "unit_id", "what", "of_id", "reason"}, {}),
    "call_back": ({"sample_id", "visit_id", "outcome", "said", "asked_by", "asked_at"}, {}),
    "call_back_sample": (
        {"id", "unit_id", "made_by", "made_at", "from_day", "until_day", "seed", "population", "visit_ids"},
        {},
    ),
    "confirmation": (
        {
            "id",
            "token_sha256",
            "unit_id",
            "work_order_id",
            "made_by",
            "made_at",
            "until",
            "used_at",
            "outcome",
            "signature_id",
            "way",
        },
        {},
    ),
    "contractor_link": (
        {
            "id",
            "token_sha256",
            "unit_id",
            "work_order_id",
            "crew_id",
            "staff_id",
            "made_by",
            "made_at",
            "until",
        },
        {},
    ),
    "device": (
        {"id", "unit_id", "public_key", "registered_at", "revoked_at"},
        {
            "name": "a label",
            "last_seen_at": "health",
            "last_failure_at": "health",
            "last_failure": "health",
            "storage_left_mb": "health",
            "alarmed_at": "when somebody was last told",
            "app_version": "health",
            "waiting_count": "health",
            "secret_sha256": "a way in, like a password; made anew at a sign-in",
        },
    ),
    "upload": (
        {
            "id",
            "staff_id",
            "device_id",
            "unit_id",
            "photo_id",
            "sha256",
            "length_bytes",
            "created_at",
            "whole_at",
            "finished_at",
        },
        {
            "expires_at": "when an unfinished one is given up",
            "ended_at": "given up, or its pieces joined",
            "end_reason": "the same",
        },
    ),
    "object": ({"sha256", "size_bytes", "arrived_at"}, {}),
    "look": (
        {
            "sha256",
            "state",
            "reason",
            "media_type",
            "width",
            "height",
            "taken_local",
            "taken_at",
            "lng",
            "lat",
            "device",
            "looks_like",
            "web_sha256",
            "thumb_sha256",
        },
        {"attempts": "turns of the worker", "due_at": "turns of the worker"},
    ),
}
DOCUMENT = (
    {"kind", "id", "unit_id", "version", "body", "body_sha256", "deleted"},
    {
        "heads": "what later edits are merged over; the values themselves are in the body",
        "scopes": "who is shown it; made of the body",
    },
)
CHAIN = {
    "sync_history": {
        "kind",
        "id",
        "version",
        "op",
        "changed",
        "actor_id",
        "device_id",
        "mutation_id",
        "happened_at",
        "grade",
        "recorded_at",
    },
    "sealed_row": {"kind", "id", "version", "seal_number", "place", "leaf", "salt"},
    "seal": {"number", "sealed_at", "rows", "root", "previous", "hash", "signature", "key_id"},
}
# Changed column by column in test_sealing_keys.
KEYS = {"sealing_key"}
# Tables that hold no evidence, and why.
WITHOUT = {
    "account": "who may sign in; what is done to accounts is an administrative act, which is a record",
    "account_login": "the numbers of accounts, in the form they are compared in",
    "device_person": "who has signed in on a phone; whose hand wrote what stands in history",
    "cell_outline": "made of the history of cells, for fast look-ups of the past",
    "day_plan": "a proposal; what is published of it stands on the jobs",
    "emergency": "what a sending moved, to take it back; what was done stands on the jobs",
    "installation": "settings; a change of them is an administrative act, which is a record",
    "ground_plan": "a proposal; what is accepted of it stands on the cells",
    "import_mapping": "which columns a file of a form had last; what was imported stands in history",
    "import_row": "rows on their way into the ledger; what is written of them stands in history",
    "import_run": "a file on its way; that it was imported is an administrative act, which is a record",
    "outbox": "what is still to be done",
    "own_number": "made of the records, so that no two have one number",
    "position": "kept for some days only; what a visit rests on stands on the visit",
    "search_entry": (
        "made of customers and their points in the form in which typed text is compared, to find them by"
    ),
    "token": "who is signed in",
    "sync_entry": "who is shown which record; made of the documents",
    "sync_epoch": "which history this is; its witness is a file beside the database",
    "sync_mutation": "the answers given to phones, so that asking twice gives one answer",
    "sync_backup": "when backups began",
    "sync_exchange": "which transactions were open at which moment",
    "sync_quota": "limits of a day",
    "sync_tick": "clocks of a phone",
    "sync_question": "two values that met and wait for a person",
    "sync_waiting": "work that waits for a person; what comes true of it is history",
}
