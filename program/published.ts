import { getOrganization, getProject, runtime } from "@pulumi/pulumi";
import { type GetListenerResult, getListener } from "@pulumi/aws/lb";
import { getParametersByPath } from "@pulumi/aws/ssm";
import { downgradesOutput, readDowngrades } from "../decisions/database/downgrades";
import { parameterRoot } from "../decisions/stack/names";
import { messageOf, refusal } from "./refusal";

/** What the program reads from outside its config before it declares anything. */

/**
 * The listener that the release's rules are added to.
 * @throws RunError that names the ARN and the config key, if it does not exist or cannot be read.
 */
export async function existingListener(arn: string): Promise<GetListenerResult> {
  try {
    return await getListener({ arn });
  } catch (error) {
    throw refusal(
      `deployment-safety:network.listenerArn names a listener that is not there or cannot be read: ${arn}\n` +
        `  Give the ARN of a listener of the load balancer, and check region and account (aws elbv2 describe-listeners).\n` +
        `  ${messageOf(error)}`,
      error,
    );
  }
}

/** Every parameter below the stack's root, path to value; empty before the first `up`. */
export async function publishedParameters(stack: string): Promise<ReadonlyMap<string, string>> {
  const path = parameterRoot(stack);
  try {
    // Nothing below the root is a SecureString, so no right to decrypt is needed.
    const found = await getParametersByPath({ path, recursive: true, withDecryption: false });
    return new Map(found.names.map((name, index) => [name, found.values[index] ?? ""]));
  } catch (error) {
    throw refusal(
      `The parameters below ${path} cannot be read, so it is not known what is published:\n  ${messageOf(error)}`,
      error,
    );
  }
}

/** The outputs of the earlier stage. */
export interface EarlierStage {
  /** The digest that it validated last; "" for none. */
  validated: string;
  /** Revision to SHA-256 of its file, for each that its database was downgraded and upgraded with; absent if not stated. */
  downgraded?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads the earlier stage's outputs.
 *
 * It invokes what a StackReference invokes without declaring one: a resource that is read in one update and not in the next
 * would show as a change. Only a step reads them, because opening the other stack's state takes a tenth of a preview.
 * @throws RunError that names the config key, if that stack does not exist.
 */
export async function earlierStage(promotedFrom: string): Promise<EarlierStage> {
  const name = `${getOrganization()}/${getProject()}/${promotedFrom}`;
  try {
    const read = (await runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
      outputs?: Record<string, unknown>;
    };
    const validated = read.outputs?.validated;
    const downgraded = readDowngrades(read.outputs?.[downgradesOutput]);
    return { validated: typeof validated === "string" ? validated : "", downgraded };
  } catch (error) {
    throw refusal(
      `deployment-safety:promotedFrom names a stack whose outputs cannot be read: ${name}\n` +
        `  Give the name of the stack that releases come from (\`pulumi stack ls\` lists them), or leave the key out.\n` +
        `  ${messageOf(error)}`,
      error,
    );
  }
}
