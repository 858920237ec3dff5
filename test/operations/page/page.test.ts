import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readParameters } from "../../../decisions/parameters";
import type { Course } from "../../../decisions/story/course";
import { frameOf, tellStory, type Story } from "../../../decisions/story/story";
import { drawCharts } from "../../../operations/page/charts";
import { pageOf } from "../../../operations/page/page";
import { digestOf } from "../../decisions/samples";
import { releaseTakenBack } from "../../decisions/story/taleOfTwo";

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
const frame = frameOf({ version: "1.2.0" }, history, Date.now())!;
const evil = `</style><script>document.title = "taken"</script><img src="https://elsewhere.example.com/a.png">`;

/** Ten minutes of requests, of which the canary's fail in the middle. */
function course(): Course {
  const steps = Array.from({ length: 100 }, (_, index) => {
    const at = frame.from + ((frame.to - frame.from) * (index + 1)) / 100;
    return [
      { at, slot: "blue" as const, requests: 90, errors: 0, p95Ms: 20 + (index % 7) },
      ...(index > 30 && index < 70
        ? [{ at, slot: "green" as const, requests: 10, errors: index > 40 ? 3 : 0, p95Ms: 300 }]
        : []),
    ];
  });
  return { stepSeconds: (frame.to - frame.from) / 100_000, steps: steps.flat() };
}

const refusal = {
  digest: digestOf(2),
  reason: evil,
  actor: "ada",
  at: new Date(frame.from + 1000).toISOString(),
};

const told = (more: Partial<Parameters<typeof tellStory>[0]> = {}): Story =>
  tellStory({
    stack: "prod",
    zone: "Africa/Cairo",
    frame,
    slo: { objective: 99.9, windowDays: 30, latencyMs: 500 },
    course: course(),
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

const write = async (story: Story): Promise<string> =>
  pageOf(story, await drawCharts(story), { at: new Date(), command: "make report VERSION=1.2.0" });

describe("the page", () => {
  it("is below a megabyte, names no other host, and holds no script", async () => {
    const page = await write(told());
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
    expect(page).not.toMatch(/<script|<link rel="stylesheet|@import|src="http|href="http|url\(/);
  });
  it("draws what config gave, and says what is unknown, where nothing can be read", async () => {
    const unknown = { unknown: "The metrics are unknown: nobody answers" };
    const page = await write(
      told({ course: unknown, service: unknown, published: unknown, events: unknown }),
    );
    expect(page).toContain("Who was to answer the requests, by config");
    expect(page).toContain("The metrics are unknown: nobody answers");
  });
});

describe.skipIf(!browserPath && !process.env.CI)("the page in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "page-"));
    writeFileSync(join(folder, "page.html"), await write(told()));
    const { launch } = await import("puppeteer-core");
    browser = await launch({ executablePath: browserPath ?? "chromium", args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["light", 1100],
    ["dark", 1100],
    ["light", 360],
    ["dark", 360],
  ])("is quiet, asks for nothing, fits and reads well: %s, %i pixels", async (scheme, width) => {
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
    const file = pathToFileURL(join(folder, "page.html")).href;
    await page.goto(file);
    await page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true; })`);
    expect(await page.title()).toBe("Release 1.2.0 on prod");
    const looks = (await page.evaluate(
      `({ wide: document.documentElement.scrollWidth, pictures: [...document.querySelectorAll("svg")].filter((one) => one.getBoundingClientRect().width > 0).length, paper: getComputedStyle(document.body).backgroundColor, area: getComputedStyle(document.querySelector("svg path[fill^='var']")).fill })`,
    )) as { wide: number; pictures: number; paper: string; area: string };
    expect(looks.wide).toBeLessThanOrEqual(width);
    expect(looks.pictures).toBe(4);
    expect(looks.area).toMatch(/^rgb/);
    expect(looks.paper).toBe(scheme === "dark" ? "rgb(16, 21, 28)" : "rgb(244, 245, 247)");
    await page.evaluate(axe);
    const { violations } = (await page.evaluate(`axe.run()`)) as {
      violations: { id: string; impact: string }[];
    };
    expect(violations.filter(({ impact }) => ["serious", "critical"].includes(impact))).toEqual([]);
    expect(said).toEqual([]);
    expect(requests.filter((url) => url !== file && !url.startsWith("data:"))).toEqual([]);
    await page.close();
  });
});
