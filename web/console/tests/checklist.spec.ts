/** The checklist before the first phone: what is missing, what that means, and the page that mends it. */
import { ElTabs } from "element-plus";
import { afterEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import Checklist from "../src/views/Checklist.vue";
import People from "../src/views/People.vue";
import { house, overheard, press, refused, shown, signedIn, whatOf } from "./console_screen.ts";

const AT = "GET /api/v1/checklist";
const words = (one: string) => ({ zh: `${one}中`, en: `${one} en` });
const line = (code: string, state: string, missing: number, total: number | null, page = "") => ({
  code,
  state,
  missing,
  total,
  title: words(code),
  meaning: words(`${code} why`),
  mend: words(`${code} do`),
  page,
});
const LINES = [
  line("cells", "fail", 3, 40, "/ground"),
  line("crews", "ok", 0, 2, "/people"),
  line("customers", "fail", 0, 0, "/customers"),
  line("public_url", "warn", 1, null),
  line("backup", "warn", 1, 9),
  line("drill", "warn", 1, null),
];

afterEach(() => {
  me.signed = null;
});

describe("the checklist", () => {
  it("says how many lack what, what it means, and leads to the page that mends it", async () => {
    signedIn("admin");
    house({ [AT]: LINES });
    const { page } = await shown(Checklist);
    const cells = page.get("[data-test=line-cells]");
    expect(cells.text()).toContain("3 / 40");
    expect(cells.text()).toContain("cells why中");
    expect(cells.get("a").attributes("href")).toBe("/ground");
    expect(page.get("[data-test=left]").text()).toBe("还有 5 项要办");
  });

  it("says of what there is none that there is none", async () => {
    signedIn("admin");
    house({ [AT]: LINES });
    const { page } = await shown(Checklist);
    expect(page.get("[data-test=line-customers] .count").text()).toBe("还没有");
  });

  it("says of what could not be measured that it was not", async () => {
    signedIn("admin");
    house({ [AT]: [line("disk", "skipped", 0, null)] });
    const { page } = await shown(Checklist);
    expect(page.get("[data-test=line-disk]").text()).toContain("没有量到");
  });

  it("tells how a backup was tried, also where that went well", async () => {
    signedIn("admin");
    house({ [AT]: [line("backup", "ok", 0, 0), line("drill", "ok", 0, 4)] });
    const { page } = await shown(Checklist, { language: "en" });
    expect(page.get("[data-test=line-drill]").text()).toContain("4 days ago");
    expect(page.get("[data-test=line-drill] .why").text()).toBe("drill why en");
    expect(page.find("[data-test=line-drill] .mend").exists()).toBe(false);
    expect(page.find("[data-test=line-backup] .why").exists()).toBe(false);
  });

  it("says no more of what is done", async () => {
    signedIn("admin");
    house({ [AT]: LINES });
    const { page } = await shown(Checklist, { language: "en" });
    const crews = page.get("[data-test=line-crews]");
    expect(crews.text()).toContain("0 / 2");
    expect(crews.text()).not.toContain("why");
    expect(crews.find("a").exists()).toBe(false);
  });

  it("tells the age of backups, and what is set on the server alone has no page", async () => {
    signedIn("admin");
    house({ [AT]: LINES });
    const { page } = await shown(Checklist, { language: "en" });
    expect(page.get("[data-test=line-backup]").text()).toContain("9 days ago");
    expect(page.get("[data-test=line-drill]").text()).toContain("never");
    const url = page.get("[data-test=line-public_url]");
    expect([url.find("a").exists(), url.text().includes("public_url do en")]).toEqual([false, true]);
  });

  it("leads to the tab of the page of people that is meant", async () => {
    signedIn("admin");
    house({});
    overheard();
    const without = ["ElSelect", "ElDatePicker"];
    const { page } = await shown(People, { at: "/people?tab=crews", without });
    expect(page.getComponent(ElTabs).props("modelValue")).toBe("crews");
    const { page: other } = await shown(People, { at: "/people", without });
    expect(other.getComponent(ElTabs).props("modelValue")).toBe("devices");
  });

  it("looks again when asked, and says when all is there", async () => {
    signedIn("admin");
    let lines = LINES;
    const asked = house({ [AT]: () => lines });
    const { page } = await shown(Checklist);
    lines = [line("crews", "ok", 0, 2, "/people")];
    await press(page, "[data-test=again]");
    expect(asked).toHaveLength(2);
    expect(page.get("[data-test=left]").text()).toBe("都齐了，可以发手机了。");
  });

  it("is not for everybody, and says so", async () => {
    signedIn("dispatcher");
    house({ [AT]: refused(403, "not_allowed") });
    const { page } = await shown(Checklist);
    expect(page.get(".el-alert").text()).toContain(whatOf("not_allowed", "zh"));
    expect(page.find("[data-test=left]").exists()).toBe(false);
  });
});
