/** How plans of cells are made and how far they are, in words, and areas as a person reads them. */
import type { Language } from "@wangge/shared/vocabulary/words.ts";

const WAYS: Record<string, Record<Language, string>> = {
  rebalanced: { zh: "重新均衡", en: "Balance again" },
  balanced: { zh: "均衡划分", en: "Balanced" },
  squares: { zh: "方格", en: "Squares" },
  hexagons: { zh: "六边形", en: "Hexagons" },
  h3: { zh: "H3 网格", en: "H3" },
  split: { zh: "拆分", en: "Split" },
  merge: { zh: "合并", en: "Merge" },
  draw: { zh: "绘制", en: "Drawn" },
  import: { zh: "导入", en: "Import" },
};

const STATES: Record<string, Record<Language, string>> = {
  waiting: { zh: "排队中", en: "waiting" },
  failed: { zh: "失败", en: "failed" },
  ready: { zh: "待确认", en: "ready" },
  accepted: { zh: "已确认，待生效", en: "accepted, to take effect" },
  applied: { zh: "已生效", en: "in force" },
  discarded: { zh: "已放弃", en: "discarded" },
};

export const wayName = (name: string, language: Language): string => WAYS[name]?.[language] ?? name;
export const stateName = (name: string, language: Language): string => STATES[name]?.[language] ?? name;

/** Square metres of less than a hectare, square kilometres from there on. */
export const areaText = (m2: number): string =>
  m2 < 10_000 ? `${Math.round(m2)} m²` : `${(m2 / 1e6).toFixed(2)} km²`;
