import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import * as sqs from "@pulumi/aws/sqs";
import type { Settings } from "../../decisions/stack/config";
import { outboxQueueName } from "../../decisions/audit/outboxMessage";

export interface OutboxQueueArgs {
  stack: string;
  settings: Pick<Settings, "application" | "comms" | "reporting">;
}

/** Days that a message waits for a command to deliver it: SQS's maximum, so that a stack can stay untouched over a holiday. */
const retentionDays = 14;

/** Seconds that a command has for ten deliveries; after that, those of a command that was killed are received again. */
const visibilitySeconds = 180;

/**
 * A queue for audit records and messages that a machine could not deliver before it was gone (EPHEMERAL=1). It keeps their
 * order and accepts each only once. A stack that has neither `reporting` nor `comms` gets none.
 */
export class OutboxQueue extends ComponentResource {
  constructor(name: string, { stack, settings }: OutboxQueueArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:HandOverQueue", name, {}, options);
    if (settings.reporting || settings.comms)
      new sqs.Queue(
        `${name}-queue`,
        {
          name: outboxQueueName(settings.application.name, stack),
          fifoQueue: true,
          messageRetentionSeconds: retentionDays * 86_400,
          visibilityTimeoutSeconds: visibilitySeconds,
          sqsManagedSseEnabled: true,
        },
        { parent: this },
      );
    this.registerOutputs();
  }
}
