import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import * as sns from "@pulumi/aws/sns";
import { audiences, topicName } from "../../decisions/incident/comms";
import type { Settings } from "../../decisions/stack/config";

export interface CommunicationArgs {
  stack: string;
  settings: Pick<Settings, "application" | "comms">;
}

/** One topic for each audience, to which people subscribe; a stack without `comms` gets none. */
export class Communication extends ComponentResource {
  constructor(name: string, { stack, settings }: CommunicationArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:Communication", name, {}, options);
    for (const audience of settings.comms ? audiences : [])
      new sns.Topic(
        `${name}-${audience}`,
        { name: topicName(settings.application.name, stack, audience) },
        { parent: this },
      );
    this.registerOutputs();
  }
}
