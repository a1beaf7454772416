"""Customer (客户): who uses the water, of which class, and who at the utility is responsible for them."""

from backend.core.actor import DESK, Role
from backend.core.kinds.declaration import Record, choice, declare, flag, ids, names, refer, scopes_of, words
from sync.kind import Policy

CATEGORIES = {
    "developer": ("开发建设单位", "Developer"),
    "community": ("社区街道", "Community or street office"),
    "key": ("重点客户", "Key customer"),
    "large": ("大客户", "Large user"),
    "special": ("特殊用户", "Special user"),
    "resident": ("居民", "Resident"),
}


class Customer(Record):
    """A customer of the ledger (客户档案)."""

    __tablename__ = "customer"

    number = words("户号", "Customer number", most=30, required=True, filter=True, own=True)
    # Of customers that were merged into this one: whoever has an old bill is found by it.
    former_numbers = names("曾用户号", "Former numbers", policy=Policy.SERVER, own=True)
    name = words("户名", "Name", most=100, required=True, policy=Policy.REVIEW, personal="name")
    category = choice("类别", "Category", CATEGORIES, required=True, filter=True)
    phone = words("电话", "Phone", most=30, policy=Policy.REVIEW, personal="phone")
    contact_name = words("联系人", "Contact", most=50, policy=Policy.REVIEW, personal="name")
    cell_id = refer("网格", "Cell", "cell", filter=True)
    key_representative_id = refer("专属客户代表", "Own representative", "staff", filter=True)
    team_ids = ids("服务专班", "Service team")
    is_vulnerable = flag("老弱关爱", "Needs care")
    note = words("备注", "Note", most=1000)
    pinyin = words("拼音", "Pinyin", most=300, policy=Policy.SERVER)


KIND = declare(
    Customer,
    zh="客户",
    en="Customer",
    scopes=scopes_of(cell="cell_id", staff="key_representative_id", staff_of=("team_ids",)),
    create_by=DESK | {Role.REPRESENTATIVE},
    change_by=DESK | {Role.REPRESENTATIVE},
    delete_by=frozenset({Role.ADMIN}),
)
