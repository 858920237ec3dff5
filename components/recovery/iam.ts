import type { Resource } from "@pulumi/pulumi";
import * as iam from "@pulumi/aws/iam";

/** An IAM policy as JSON. */
export const policyDocument = (...statements: object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** A role that one service of AWS may assume. */
export const serviceRole = (
  name: string,
  { service, ...args }: { name: string; description: string; service: string },
  parent: Resource,
): iam.Role => {
  const trust = { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  return new iam.Role(name, { ...args, assumeRolePolicy: policyDocument(trust) }, { parent });
};
