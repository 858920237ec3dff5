import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { redactText, redactRecord } from "../shell/redact";
import { awsClient } from "./aws";

/** The stack's parameters: everything that lives outside of stack config and history. */
export interface Parameters {
  /** Every parameter below `root`, path to value. An empty path is a first run, not an error. */
  readAll(root: string): Promise<Map<string, string>>;
  /** One value; undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** Writes, over what is there. */
  put(path: string, value: string): Promise<void>;
  /** Writes only if there is nothing; false when there is. */
  create(path: string, value: string): Promise<boolean>;
  /** Deletes; an absent one is no error. */
  remove(path: string): Promise<void>;
}

/** Parameters in SSM Parameter Store; calls are tried again as {@link awsClient} says. */
export function createParameters(region: string | undefined): Parameters {
  const client = new SSMClient(awsClient(region));
  const write = (path: string, value: string, Overwrite: boolean) =>
    client.send(
      new PutParameterCommand({ Name: path, Value: withoutSecrets(value), Type: "String", Overwrite }),
    );
  return {
    async readAll(root) {
      const values = new Map<string, string>();
      let NextToken: string | undefined;
      do {
        const asked = { Path: root, Recursive: true, MaxResults: 10, NextToken };
        const page = await client.send(new GetParametersByPathCommand(asked));
        for (const { Name, Value } of page.Parameters ?? [])
          if (Name && Value !== undefined) values.set(Name, Value);
        NextToken = page.NextToken;
      } while (NextToken);
      return values;
    },
    async read(path) {
      try {
        return (await client.send(new GetParameterCommand({ Name: path }))).Parameter?.Value;
      } catch (error) {
        if (error instanceof ParameterNotFound) return undefined;
        throw error;
      }
    },
    async put(path, value) {
      await write(path, value, true);
    },
    async create(path, value) {
      try {
        await write(path, value, false);
        return true;
      } catch (error) {
        if (error instanceof ParameterAlreadyExists) return false;
        throw error;
      }
    },
    async remove(path) {
      try {
        await client.send(new DeleteParameterCommand({ Name: path }));
      } catch (error) {
        if (!(error instanceof ParameterNotFound)) throw error;
      }
    },
  };
}

/** Values are JSON; what is not is a text. */
function withoutSecrets(value: string): string {
  try {
    return JSON.stringify(redactRecord(JSON.parse(value)));
  } catch {
    return redactText(value);
  }
}
