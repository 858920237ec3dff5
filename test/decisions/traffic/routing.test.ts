import { describe, expect, it } from "vitest";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { allTo, routingFor } from "../../../decisions/traffic/routing";
import { after, deployed, served } from "../samples";

describe("routingFor", () => {
  it("is what the program makes of a release", () => {
    const [done, promoted, canary] = deployed(served(), 2);
    expect(routingFor(canary!)).toEqual({ traffic: "open", weights: { blue: 90, green: 10 } });
    expect(routingFor(promoted!)).toEqual(allTo("green"));
    expect(routingFor(releaseAfter.pause(done!))).toEqual({ traffic: "paused" });
    expect(routingFor(after(served(), 2))).toEqual(allTo("green"));
  });
});
