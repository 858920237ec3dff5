import { createPoisson, createRandom, type Random } from "./random";

/** Traffic that a canary meets. Shares are parts of 1. */
export interface Traffic {
  /** Requests a second of both slots. */
  perSecond: number;
  /** The canary's share of them. */
  canaryShare: number;
  seconds: number;
  liveErrors: number;
  canaryErrors: number;
  liveSlow: number;
  canarySlow: number;
  /** Requests that fail together: one cause fails so many that follow one another in a slot. */
  cluster: number;
  /** A time, at a random moment, during which further requests of both slots fail, each slot at this rate. */
  burst?: { seconds: number; errors: number };
}

/** Counts of one slot, second by second. */
export interface SlotTrace {
  requests: Uint16Array;
  errors: Uint16Array;
  slow: Uint16Array;
}

/** One run of a canary. */
export interface Trace {
  seconds: number;
  /** The live slot before the canary. */
  before: SlotTrace;
  canary: SlotTrace;
  live: SlotTrace;
}

/** Seconds of the live slot that a gate may look at before the canary begins. */
export const beforeSeconds = 60;

/** Fills one trace, again and again, from a seed: run `run` of a seed is always the same. */
export function createTraces(traffic: Traffic, seed: number): (run: number) => Trace {
  const { seconds, perSecond, canaryShare, burst } = traffic;
  const trace: Trace = {
    seconds,
    before: emptySlot(beforeSeconds),
    canary: emptySlot(seconds),
    live: emptySlot(seconds),
  };
  const fillCanary = slotFiller(traffic, perSecond * canaryShare, traffic.canaryErrors, traffic.canarySlow);
  const fillLive = slotFiller(traffic, perSecond * (1 - canaryShare), traffic.liveErrors, traffic.liveSlow);
  return (run) => {
    const random = createRandom(seed, run);
    const burstFrom = burst ? Math.floor(random() * (seconds - burst.seconds)) : seconds;
    fillCanary(trace.canary, random, burstFrom);
    fillLive(trace.live, random, burstFrom);
    fillLive(trace.before, random, Infinity);
    return trace;
  };
}

const emptySlot = (seconds: number): SlotTrace => ({
  requests: new Uint16Array(seconds),
  errors: new Uint16Array(seconds),
  slow: new Uint16Array(seconds),
});

/** Requests that fail and requests that do not are independent Poisson streams; causes of clusters are one of their own. */
function slotFiller({ cluster, burst }: Traffic, mean: number, errorShare: number, slowShare: number) {
  const drawFine = createPoisson(mean * (1 - errorShare));
  const drawAlone = createPoisson(mean * errorShare);
  const drawAll = createPoisson(mean);
  const drawCauses = createPoisson((mean * errorShare) / cluster);
  const drawSlow = createPoisson(mean * slowShare);
  const drawBurst = createPoisson(mean * (burst?.errors ?? 0));
  return (slot: SlotTrace, random: Random, burstFrom: number): void => {
    let carried = 0;
    for (let second = 0; second < slot.requests.length; second += 1) {
      let requests: number;
      let errors: number;
      if (cluster === 1) {
        errors = drawAlone(random);
        requests = errors + drawFine(random);
      } else {
        requests = drawAll(random);
        errors = Math.min(carried, requests);
        carried -= errors;
        for (let cause = requests > 0 ? drawCauses(random) : 0; cause > 0; cause -= 1) {
          // The requests after the first one fail too; what does not fit into this second fails in the next ones.
          const fit = Math.min(cluster, requests - Math.floor(random() * requests));
          errors += fit;
          carried += cluster - fit;
        }
      }
      if (burst && second >= burstFrom && second < burstFrom + burst.seconds) errors += drawBurst(random);
      slot.requests[second] = requests;
      slot.errors[second] = Math.min(errors, requests);
      slot.slow[second] = Math.min(drawSlow(random), requests);
    }
  };
}
