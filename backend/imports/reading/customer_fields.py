"""What can be imported of customers and their service points, and how utilities call the columns."""

from __future__ import annotations

from backend.customers.kinds.customer import CATEGORIES
from backend.customers.kinds.service_point import NATURES
from backend.imports.reading.shapes import Field

UNIT = Field(
    "unit", "所属单位", "Unit", "text", wire="unit_id", refers="unit",
    called=("单位", "营业所", "所属营业所", "分公司", "所属分公司", "供水所", "水司", "branch", "office"),
)  # fmt: skip
CELL = Field(
    "cell", "网格", "Cell", "text", wire="cell_id", refers="cell",
    called=(
        "网格编号", "网格名称", "所属网格", "网格号", "片区", "所属片区", "片区编号", "片区名称", "责任区", "区域",
        "cell code", "grid", "zone", "area",
    ),
)  # fmt: skip
LONGITUDE = Field(
    "longitude", "经度", "Longitude", "degrees", most=60,
    called=(
        "lng", "lon", "long", "x", "x坐标", "坐标x", "东经", "经度坐标", "位置经度", "gps经度", "横坐标", "east",
        "easting", "long.", "x coordinate", "coord x",
    ),
)  # fmt: skip
LATITUDE = Field(
    "latitude", "纬度", "Latitude", "degrees", most=60,
    called=(
        "lat", "y", "y坐标", "坐标y", "北纬", "纬度坐标", "位置纬度", "gps纬度", "纵坐标", "north", "northing",
        "lat.", "y coordinate", "coord y",
    ),
)  # fmt: skip
COORDINATES = Field(
    "coordinates", "坐标", "Coordinates", "degrees", most=80,
    called=("经纬度", "位置坐标", "gps坐标", "gps", "定位", "lnglat", "latlng", "location", "geo", "coordinate"),
)  # fmt: skip
PLACE = (LONGITUDE, LATITUDE, COORDINATES)

_CATEGORY_WORDS = {
    "resident": (
        "居民用户", "居民户", "居民用水", "居民生活", "普通居民", "一户一表", "居民客户", "住宅", "民用", "家庭",
        "家庭用户", "个人", "普通用户", "普通", "一般用户", "一般客户", "普通客户", "domestic", "household",
        "residential",
    ),
    "key": ("重点", "重点用户", "重要客户", "重要用户", "vip", "vip客户", "key account", "key"),
    "large": (
        "大用户", "大客", "用水大户", "大水量用户", "工商业大户", "工业大户", "大户", "large", "large customer",
        "major user",
    ),
    "special": ("特殊", "特殊客户", "特种用户", "特种", "special"),
    "developer": (
        "开发商", "开发单位", "建设单位", "房地产", "房地产开发", "房地产开发商", "开发建设", "建设方", "builder",
    ),
    "community": (
        "社区", "街道", "街道办", "居委会", "村委会", "村居", "社区居委会", "街道办事处", "物业社区", "committee",
    ),
}  # fmt: skip
_NATURE_WORDS = {
    "residential": (
        "居民", "居民用水", "居民生活用水", "生活用水", "居民用户", "住宅", "民用", "生活", "居民阶梯", "domestic",
        "household",
    ),
    "commercial": (
        "商业", "商业用水", "经营服务", "经营服务用水", "经营", "商服", "商业服务用水", "服务业", "餐饮", "非居民",
        "非居民用水", "commerce", "business",
    ),
    "industrial": ("工业", "工业用水", "工业生产用水", "生产", "生产用水", "工厂", "industry", "factory"),
    "public": (
        "公共", "机关", "机关事业", "行政事业", "行政事业用水", "机关团体", "事业单位", "学校", "医院",
        "公共机构用水", "公建", "institution", "institutional", "government",
    ),
    "special": ("特种", "特种用水", "特殊行业", "特种行业用水", "特行", "洗浴", "洗车", "桑拿", "car wash"),
    "construction": (
        "基建", "施工", "基建用水", "建筑", "施工用水", "临时用水", "建筑施工用水", "基建施工", "building site",
    ),
}  # fmt: skip

NUMBER_CALLED = (
    "客户编号", "客户号", "用户编号", "用户号", "用户户号", "客户户号", "户编号", "户号码", "帐号", "账号", "用水户号",
    "用户代码", "客户代码", "缴费户号", "缴费号", "营销户号", "用水证号", "水费户号", "合同号", "合同账户", "合同账号",
    "卡号", "account no.", "account number", "account", "account no", "customer no.", "customer no",
    "customer id",
    "customer code", "customer number", "acct no", "acct", "户号(户编号)",
)  # fmt: skip
NUMBER = Field(
    "number", "户号", "Customer number", "number", "customer", "number", True, 30, called=NUMBER_CALLED
)
NAME = Field(
    "name", "户名", "Name", "text", "customer", "name", True, 100,
    called=(
        "用户名", "用户名称", "客户名", "客户名称", "用户姓名", "客户姓名", "姓名", "名称", "户主", "户主姓名", "单位名称",
        "用水户名", "用水单位", "缴费户名", "业主", "业主姓名", "customer name", "account name", "full name", "holder",
    ),
)  # fmt: skip
CATEGORY = Field(
    "category", "类别", "Category", "choice", "customer", "category", choices=CATEGORIES, words=_CATEGORY_WORDS,
    default="resident",
    called=(
        "用户类型", "用户类别", "客户类型", "客户类别", "用户分类", "客户分类", "户类", "户型", "类型", "分类", "用户性质",
        "customer type", "customer class", "customer category", "type", "class",
    ),
)  # fmt: skip
PHONE = Field(
    "phone", "电话", "Phone", "phone", "customer", "phone", most=30,
    called=(
        "联系电话", "联系方式", "手机", "手机号", "手机号码", "电话号码", "移动电话", "固定电话", "联系人电话", "用户电话",
        "客户电话", "联系手机", "座机", "telephone", "tel", "tel.", "mobile", "phone no.", "phone number",
        "contact phone",
        "cell phone",
    ),
)  # fmt: skip
CUSTOMER = (
    NUMBER,
    NAME,
    CATEGORY,
    PHONE,
    Field("contact_name", "联系人", "Contact", "text", "customer", "contact_name", most=50,
          called=("联系人姓名", "经办人", "联络人", "contact name", "contact person")),
    Field("representative", "专属客户代表", "Own representative", "number", "customer", "key_representative_id",
          most=20, refers="staff",
          called=("客户经理", "专属代表", "专属客户经理", "客户经理工号", "代表工号", "客户代表工号", "account manager")),
    Field("is_vulnerable", "老弱关爱", "Needs care", "flag", "customer", "is_vulnerable",
          called=("关爱", "特殊关爱", "关爱用户", "困难户", "低保", "低保户", "孤寡", "vulnerable", "care", "priority customer")),
    Field("note", "备注", "Note", "text", "customer", "note", most=1000,
          called=("说明", "备注信息", "附注", "备注说明", "remark", "remarks", "notes", "comment", "comments")),
)  # fmt: skip

ADDRESS_CALLED = (
    "用水地址", "用户地址", "客户地址", "装表地址", "安装地址", "详细地址", "住址", "地址信息", "用水点地址", "水表地址",
    "装表位置", "联系地址", "坐落", "service address", "supply address", "premise address", "property address",
    "location address",
    "street address", "site address", "门牌地址", "门牌号",
)  # fmt: skip
POINT = (
    Field("address", "地址", "Address", "text", "service_point", "address", called=ADDRESS_CALLED),
    Field("meter_number", "表号", "Meter", "number", "service_point", "meter_number", most=40,
          called=("水表编号", "水表号", "表编号", "表身号", "表钢号", "钢号", "表具编号", "水表表号", "水表钢号", "表码号", "水表条码",
                  "计量表号", "meter no.", "meter no", "meter number", "meter id", "meter serial",
                  "serial no.", "serial number")),
    Field("old_meter", "旧表号", "Former meter", "number", "service_point", "former_meters.number", most=40,
          called=("原表号", "换下表号", "拆下表号", "旧水表号", "原水表号", "旧表编号", "原表编号", "旧表钢号", "old meter",
                  "old meter no.", "old meter number", "former meter no.", "removed meter")),
    Field("old_reading", "旧表止度", "Last reading of the former meter", "whole", "service_point",
          "former_meters.last_reading", least_value=0, most_value=1_000_000_000,
          called=("旧表止码", "旧表读数", "旧表底数", "原表止码", "原表读数", "拆表读数", "拆表止码", "换表止码", "换表读数",
                  "old meter reading", "final reading", "removal reading")),
    Field("replaced_on", "换表日期", "Meter replaced on", "date", "service_point", "former_meters.removed_on",
          called=("换表时间", "更换日期", "拆表日期", "拆表时间", "换装日期", "replacement date", "replaced on",
                  "exchange date", "removal date")),
    Field("diameter_mm", "口径（毫米）", "Diameter (mm)", "diameter", "service_point", "diameter_mm",
          least_value=10, most_value=3000,
          called=("口径", "水表口径", "表口径", "管径", "公称口径", "口径mm", "表径", "dn", "diameter", "meter size", "size",
                  "meter diameter")),
    Field("nature", "用水性质", "Nature of use", "choice", "service_point", "nature", choices=NATURES,
          words=_NATURE_WORDS, default="residential",
          called=("用水类别", "用水类型", "用水分类", "水价类别", "价格类别", "水价分类", "用水种类", "用途", "行业", "行业分类", "nature",
                  "usage", "use type", "tariff", "tariff class")),
    Field("access_note", "进门说明", "Access note", "text", "service_point", "access_note", most=500,
          called=("表位", "表位说明", "水表位置", "表井位置", "表位描述", "位置说明", "access", "meter location",
          "access instructions")),
)  # fmt: skip
OF_CUSTOMER = Field(
    "number", "户号", "Customer number", "number", "service_point", "customer_id", True, 30, refers="customer",
    called=NUMBER_CALLED,
)  # fmt: skip
