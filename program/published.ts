import { getOrganization, getProject, runtime } from "@pulumi/pulumi";
import { type GetListenerResult, getListener } from "@pulumi/aws/lb";
import { getParametersByPath } from "@pulumi/aws/ssm";
import { downgradesOutput, readDowngrades } from "../decisions/database/downgrades";
import { parameterRoot } from "../decisions/stack/names";
import { refusal } from "./refusal";

/** What the program reads from outside of its config before it declares anything. */

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The listener that the release's rules are added to.
 * @throws RunError that names the ARN and the config key, where it is not there.
 */
export async function existingListener(arn: string): Promise<GetListenerResult> {
  try {
    return await getListener({ arn });
  } catch (error) {
    throw refusal(
      `deployment-safety:network.listenerArn names a listener that is not there or cannot be read: ${arn}\n` +
        `  Give the ARN of a listener of the load balancer, and check region and account (aws elbv2 describe-listeners).\n` +
        `  ${reason(error)}`,
      error,
    );
  }
}

/** Every parameter below the stack's root, path to value; empty before the first `up`. */
export async function publishedParameters(stack: string): Promise<ReadonlyMap<string, string>> {
  const path = parameterRoot(stack);
  try {
    // Nothing below the root is a SecureString, so nothing needs the right to decrypt.
    const found = await getParametersByPath({ path, recursive: true, withDecryption: false });
    return new Map(found.names.map((name, index) => [name, found.values[index] ?? ""]));
  } catch (error) {
    throw refusal(
      `The parameters below ${path} cannot be read, so it is not known what is published:\n  ${reason(error)}`,
      error,
    );
  }
}

/** What the earlier stage says in its outputs. */
export interface EarlierStage {
  /** The digest that it has validated last, "" for none. */
  validated: string;
  /** Revision -> SHA-256 of its file, as its database was taken down and up again; absent: it does not say. */
  downgraded?: ReadonlyMap<string, string>;
}

/**
 * Reads the earlier stage's outputs.
 *
 * This asks what a StackReference asks, without declaring one: a resource that is read in one update and not in the next
 * would show as a change, and it is asked only for a step, because the engine takes a tenth of a preview to open the other
 * stack's state.
 * @throws RunError that names the config key, where that stack is not there.
 */
export async function earlierStage(promotedFrom: string): Promise<EarlierStage> {
  const name = `${getOrganization()}/${getProject()}/${promotedFrom}`;
  try {
    const read = (await runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
      outputs?: Record<string, unknown>;
    };
    const validated = read.outputs?.validated;
    const downgraded = readDowngrades(read.outputs?.[downgradesOutput]);
    return { validated: typeof validated === "string" ? validated : "", ...(downgraded && { downgraded }) };
  } catch (error) {
    throw refusal(
      `deployment-safety:promotedFrom names a stack whose outputs cannot be read: ${name}\n` +
        `  Give the name of the stack that releases come from (\`pulumi stack ls\` lists them), or leave the key out.\n` +
        `  ${reason(error)}`,
      error,
    );
  }
}
