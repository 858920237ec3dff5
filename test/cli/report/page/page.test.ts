import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readParameters } from "../../../../decisions/stack/parameters";
import type { TrafficSeries } from "../../../../decisions/report/trafficSeries";
import { timeRangeOf, buildReport, type ReleaseReport } from "../../../../decisions/report/releaseReport";
import { drawCharts } from "../../../../cli/report/page/charts";
import { pageOf } from "../../../../cli/report/page/page";
import { digestOf } from "../../../decisions/samples";
import { releaseTakenBack } from "../../../decisions/report/releaseHistory";

/** The page as a reader's browser has it: a real one, headless. */

const browserPath = ["chromium", "chromium-browser", "google-chrome"]
  .map((name) => {
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    } catch {
      return "";
    }
  })
  .find((path) => path !== "");
const axe = readFileSync(createRequire(__filename).resolve("axe-core/axe.min.js"), "utf8");

const history = releaseTakenBack();
const range = timeRangeOf({ version: "1.2.0" }, history, Date.now())!;
const evil = `</style><script>document.title = "taken"</script><img src="https://elsewhere.example.com/a.png">`;

/** Ten minutes of requests, of which the canary's fail in the middle. */
function series(): TrafficSeries {
  const steps = Array.from({ length: 100 }, (_, index) => {
    const at = range.from + ((range.to - range.from) * (index + 1)) / 100;
    return [
      { at, slot: "blue" as const, requests: 90, errors: 0, p95Ms: 20 + (index % 7) },
      ...(index > 30 && index < 70
        ? [{ at, slot: "green" as const, requests: 10, errors: index > 40 ? 3 : 0, p95Ms: 300 }]
        : []),
    ];
  });
  return { stepSeconds: (range.to - range.from) / 100_000, steps: steps.flat() };
}

const refusal = {
  digest: digestOf(2),
  reason: evil,
  actor: "ada",
  at: new Date(range.from + 1000).toISOString(),
};

const told = (more: Partial<Parameters<typeof buildReport>[0]> = {}): ReleaseReport =>
  buildReport({
    stack: "prod",
    zone: "Africa/Cairo",
    range,
    slo: { objective: 99.9, windowDays: 30, latencyMs: 500 },
    series: series(),
    service: Object.fromEntries(
      ["budget", "sixHours", "hour", "halfHour", "fiveMinutes"].map((name) => [
        name,
        { requests: 1e6, errors: 100 },
      ]),
    ) as never,
    published: readParameters(
      "prod",
      new Map([[`/deployment-safety/prod/refused/${digestOf(2).slice(7)}`, JSON.stringify(refusal)]]),
    ),
    events: [
      {
        at: refusal.at,
        kind: "command",
        actor: evil,
        body: { command: "deploy", exitCode: 5, error: evil },
      },
    ],
    proofs: [{ kind: "review", subject: "r2", ok: true, says: evil, by: "grace" }],
    ...more,
  });

const write = async (report: ReleaseReport): Promise<string> =>
  pageOf(report, await drawCharts(report), { at: new Date(), command: "make report VERSION=1.2.0" });

describe("the page", () => {
  it("is below a megabyte, names no other host, and holds no script", async () => {
    const page = await write(told());
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
    expect(page).not.toMatch(/<script|<link rel="stylesheet|@import|src="http|href="http|url\(/);
  });
  it("draws what config gave, and says what is unknown, where nothing can be read", async () => {
    const unknown = { unknown: "The metrics are unknown: nobody answers" };
    const page = await write(
      told({ series: unknown, service: unknown, published: unknown, events: unknown }),
    );
    expect(page).toContain("Who was to answer the requests, by config");
    expect(page).toContain("The metrics are unknown: nobody answers");
  });
});

/** An incident that goes on since before midnight, and of which people were told. */
function incidentTold(): ReleaseReport {
  const day = 24 * 3_600_000;
  const midnight = Math.floor(range.to / day) * day;
  const at = (minutes: number) => new Date(midnight - 2 * 3_600_000 + minutes * 60_000).toISOString();
  const subject = {
    incident: "INC-1",
    title: evil,
    entries: [
      { at: at(-20), state: "opened" },
      { at: at(-19), state: "told" },
    ],
  };
  const whole = timeRangeOf(subject, history, Date.parse(at(30)))!;
  return told({
    range: whole,
    series: {
      stepSeconds: 30,
      steps: series().steps.map((step) => ({
        ...step,
        at: whole.from + ((step.at - range.from) / (range.to - range.from)) * (whole.to - whole.from),
      })),
    },
  });
}

describe("the page of a report that goes past midnight", () => {
  it("says the day beside each time, in the zone in which people read it", async () => {
    const page = await write(incidentTold());
    expect(page).toMatch(/\d{1,2} \w{3} 23:\d\d:\d\d/);
    expect(page).toMatch(/to \d{1,2} \w{3} 00:30:00 Africa\/Cairo/);
    expect(await write(told())).not.toMatch(/\d{1,2} \w{3} \d\d:\d\d:\d\d<\/time/);
  });
});

describe.skipIf(!browserPath && !process.env.CI)("the page in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "page-"));
    writeFileSync(join(folder, "release.html"), await write(told()));
    writeFileSync(join(folder, "incident.html"), await write(incidentTold()));
    const { launch } = await import("puppeteer-core");
    browser = await launch({ executablePath: browserPath ?? "chromium", args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const forms = ["light", "dark"].flatMap((scheme) => [1100, 360].map((width) => [scheme, width] as const));
  const kinds = { release: "Release 1.2.0 on prod", incident: `Incident: ${evil} on prod` };
  it.each([
    ...forms.map((form) => ["release", ...form] as const),
    ...forms.map((form) => ["incident", ...form] as const),
  ])(
    "of the %s is quiet, asks for nothing, fits and reads well: %s, %i pixels",
    async (kind, scheme, width) => {
      const page = await browser.newPage();
      const said: string[] = [];
      const requests: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      page.on("request", (request) => requests.push(request.url()));
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      // The page forbids scripts by its own header; axe is one.
      await page.setBypassCSP(true);
      const file = pathToFileURL(join(folder, `${kind}.html`)).href;
      await page.goto(file);
      await page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true; })`);
      expect(await page.title()).toBe(kinds[kind]);
      const looks = (await page.evaluate(
        `({ wide: document.documentElement.scrollWidth, pictures: [...document.querySelectorAll("svg")].filter((one) => one.getBoundingClientRect().width > 0).length, paper: getComputedStyle(document.body).backgroundColor, area: getComputedStyle(document.querySelector("svg path[fill^='var']")).fill })`,
      )) as { wide: number; pictures: number; paper: string; area: string };
      expect(looks.wide).toBeLessThanOrEqual(width);
      expect(looks.pictures).toBe(4);
      expect(looks.area).toMatch(/^rgb/);
      expect(looks.paper).toBe(scheme === "dark" ? "rgb(16, 21, 28)" : "rgb(244, 245, 247)");
      if (process.env.PICTURES)
        await page.screenshot({
          path: `${process.env.PICTURES}/${kind}-${scheme}-${width}.png`,
          fullPage: true,
        });
      await page.evaluate(axe);
      const { violations } = (await page.evaluate(`axe.run()`)) as {
        violations: { id: string; impact: string }[];
      };
      expect(violations.filter(({ impact }) => ["serious", "critical"].includes(impact))).toEqual([]);
      expect(said).toEqual([]);
      expect(requests.filter((url) => url !== file && !url.startsWith("data:"))).toEqual([]);
      await page.close();
    },
  );
});
