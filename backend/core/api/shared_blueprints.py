"""Blueprints whose addresses belong to several capabilities: each adds its own to them."""

from flask_smorest import Blueprint

territory = Blueprint("territory", __name__, url_prefix="/api/v1/territory", description="网格 · Territory")
public = Blueprint("public", __name__, url_prefix="/api/v1/public", description="公众查询 · For the public")
