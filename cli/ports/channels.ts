import { ListTopicsCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { topicName, type Audience, type Comms } from "../../decisions/incident/comms";

/** A message to one audience. */
export interface Message {
  audience: Audience;
  /** One line, without line breaks. */
  subject: string;
  text: string;
}

/** A way to reach people. */
export interface Channel {
  /** As reports call it. */
  name: string;
  /** Hands the message over, or throws with why not; `id` lets a receiver drop a second copy. */
  send(message: Message, id: string): Promise<void>;
}

/** Where the channels of a stack lead. */
export interface ChannelsArgs {
  comms: Comms;
  application: string;
  stack: string;
  region: string | undefined;
  environment: NodeJS.ProcessEnv;
}

/** Limit of one hand-over, milliseconds. */
const limit = 10_000;

/** The channels of a stack: its topics, and the webhook where its variable is set on this machine. */
export function createChannels(args: ChannelsArgs): Channel[] {
  const url = args.comms.webhook ? args.environment[args.comms.webhook] : undefined;
  return [topics(args), ...(url ? [webhook(url)] : [])];
}

function topics({ application, stack, region }: ChannelsArgs): Channel {
  const client = new SNSClient({ ...(region ? { region } : {}), maxAttempts: 3, retryMode: "standard" });
  const arnOf = async (name: string): Promise<string> => {
    let NextToken: string | undefined;
    do {
      const page = await client.send(new ListTopicsCommand({ ...(NextToken ? { NextToken } : {}) }), {
        abortSignal: AbortSignal.timeout(limit),
      });
      const found = page.Topics?.find(({ TopicArn }) => TopicArn?.endsWith(`:${name}`));
      if (found?.TopicArn) return found.TopicArn;
      NextToken = page.NextToken;
    } while (NextToken);
    throw new Error(`there is no topic ${name}: the next update of the stack makes it`);
  };
  return {
    name: "topic",
    async send({ audience, subject, text }, id) {
      await client.send(
        new PublishCommand({
          TopicArn: await arnOf(topicName(application, stack, audience)),
          // SNS takes 100 printable ASCII characters.
          Subject: subject.replaceAll(/[^\x20-\x7e]/g, " ").slice(0, 100),
          Message: text,
          MessageAttributes: { id: { DataType: "String", StringValue: id } },
        }),
        { abortSignal: AbortSignal.timeout(limit) },
      );
    },
  };
}

/** A webhook that takes what Slack's takes. Its URL is a secret: no error may say it. */
function webhook(url: string): Channel {
  return {
    name: "webhook",
    async send({ subject, text }) {
      const late = AbortSignal.timeout(limit);
      let status: number;
      try {
        const answer = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ text: `*${subject}*\n${text}` }),
          signal: late,
        });
        status = answer.status;
        await answer.body?.cancel();
      } catch {
        // Not as cause: it may hold the address.
        throw new Error(`the webhook did not answer${late.aborted ? ` within ${limit / 1000} s` : ""}`);
      }
      if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
    },
  };
}
