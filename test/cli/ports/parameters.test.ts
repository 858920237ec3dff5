import { describe, expect, it } from "vitest";
import { createParameters } from "../../../cli/ports/parameters";
import { keepSecret } from "../../../cli/shell/redact";
import { Fault, recordedAws, type Call, type Reply } from "./recordedAws";

const aws = recordedAws();
const parameters = () => createParameters("eu-central-1");

/** A Parameter Store that holds `values` and gives two of them a page. */
function store(values: Record<string, string>): Map<string, string> {
  const held = new Map(Object.entries(values));
  aws.answer = ({ operation, input }: Call): Reply => {
    const name = String(input.Name);
    if (operation === "GetParametersByPath") {
      const below = [...held].filter(([path]) => path.startsWith(String(input.Path)));
      const from = Number(input.NextToken ?? 0);
      const Parameters = below.slice(from, from + 2).map(([Name, Value]) => ({ Name, Value }));
      return { Parameters, ...(from + 2 < below.length && { NextToken: String(from + 2) }) };
    }
    if (operation === "PutParameter") {
      if (held.has(name) && input.Overwrite !== true) return new Fault("ParameterAlreadyExists");
      held.set(name, String(input.Value));
      return { Version: 1 };
    }
    if (!held.has(name)) return new Fault("ParameterNotFound");
    if (operation === "DeleteParameter") held.delete(name);
    return { Parameter: { Name: name, Value: held.get(name) } };
  };
  return held;
}

describe("the parameters of a stack", () => {
  it("are read through all pages, and none is a first run rather than an error", async () => {
    store({ "/a/1": "one", "/a/2": "two", "/a/deep/3": "three", "/b/4": "four" });
    expect([...(await parameters().readAll("/a/"))]).toEqual([
      ["/a/1", "one"],
      ["/a/2", "two"],
      ["/a/deep/3", "three"],
    ]);
    expect((await parameters().readAll("/none/")).size).toBe(0);
  });

  it("are created by one command only, and the second learns that it came too late", async () => {
    const held = store({});
    expect(await parameters().create("/lease", "mine")).toBe(true);
    expect(await parameters().create("/lease", "theirs")).toBe(false);
    expect(held.get("/lease")).toBe("mine");
    await parameters().put("/lease", "mine, later");
    expect(held.get("/lease")).toBe("mine, later");
  });

  it("that are absent read as undefined, and are removed without an error", async () => {
    const held = store({ "/lease": "mine" });
    expect(await parameters().read("/none")).toBeUndefined();
    expect(await parameters().read("/lease")).toBe("mine");
    await parameters().remove("/none");
    await parameters().remove("/lease");
    expect(held.size).toBe(0);
  });

  it("hold no secret that this process knows, neither in JSON nor in a text", async () => {
    keepSecret("correct-horse-battery");
    const held = store({});
    await parameters().put("/json", JSON.stringify({ reason: "password correct-horse-battery" }));
    await parameters().put("/text", "password correct-horse-battery");
    expect([...held.values()].join()).not.toContain("correct-horse");
    expect(JSON.parse(held.get("/json") ?? "")).toHaveProperty("reason");
  });

  it("that may not be touched are an error, never an absent value", async () => {
    aws.answer = () => new Fault("AccessDeniedException");
    const port = parameters();
    const calls = [
      () => port.readAll("/a/"),
      () => port.read("/a"),
      () => port.put("/a", "1"),
      () => port.create("/a", "1"),
      () => port.remove("/a"),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(/AccessDenied/);
  });
});
