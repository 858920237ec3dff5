import { afterEach } from "vitest";
import type { Channel, ChannelsArgs, Message } from "../../../cli/ports/channels";

/** What people got, oldest first. */
export const sent: (Message & { channel: string; id: string })[] = [];
/** Why a channel takes nothing, by its name. */
export const broken = new Map<string, Error>();
afterEach(() => {
  sent.length = 0;
  broken.clear();
});

/** Stands in for the port's function, by `vi.mock`. */
export const createChannels = ({ comms, environment }: ChannelsArgs): Channel[] =>
  ["topic", ...(comms.webhook && environment[comms.webhook] ? ["webhook"] : [])].map((name) => ({
    name,
    send: async (message, id) => {
      const error = broken.get(name);
      if (error) throw error;
      sent.push({ ...message, channel: name, id });
    },
  }));
