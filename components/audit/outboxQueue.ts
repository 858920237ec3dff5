import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import * as sqs from "@pulumi/aws/sqs";
import type { Settings } from "../../decisions/stack/config";
import { outboxQueueName } from "../../decisions/audit/outboxMessage";

export interface OutboxQueueArgs {
  stack: string;
  settings: Pick<Settings, "application" | "comms" | "reporting">;
}

/** Days that something waits for a command to deliver it: SQS's longest, for a stack that nobody touches over a holiday. */
const retentionDays = 14;

/** Seconds that a command has for ten deliveries; those of a command that was killed come again after that. */
const visibilitySeconds = 180;

/**
 * The queue in which records and messages wait that a machine could not deliver before it was gone (EPHEMERAL=1). It keeps
 * their order and takes each once. None on a stack that has neither `reporting` nor `comms`.
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
