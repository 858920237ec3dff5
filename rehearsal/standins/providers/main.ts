/**
 * Runs the stand-ins for the Pulumi providers. Environment: PULUMI_DEBUG_PROVIDERS="aws:<port>,kubernetes:<port>,postgresql:<port>",
 * by which the engine attaches to them too, PROVIDER_ADMIN_PORT (GET /ready), AWS_ENDPOINT_URL or CLOUD_URL, KUBECONFIG.
 */
import { createServer } from "node:http";
import { awsProvider } from "./aws/provider";
import { host } from "./host";
import { kubernetesProvider } from "./kubernetes/provider";
import { postgresqlProvider } from "./postgresql/provider";

/** The port in a variable, or the one after `name` in its list. */
function port(variable: string, name = ""): number {
  const given = process.env[variable] ?? "not set";
  const found = given.split(",").find((one) => one.startsWith(name)) ?? name;
  const value = Number(found.slice(name.length));
  if (value > 0 && value < 65536) return value;
  throw new Error(`${variable} must give a port${name && ` as ${name}<port>`}; it is ${given}.`);
}

async function main(): Promise<void> {
  const endpoint = process.env["AWS_ENDPOINT_URL"] ?? process.env["CLOUD_URL"];
  // Without an endpoint the SDK would talk to the real AWS.
  if (!endpoint) throw new Error("AWS_ENDPOINT_URL or CLOUD_URL must name the local cloud.");
  process.once("SIGTERM", () => process.exit(0));
  await host(awsProvider(endpoint), port("PULUMI_DEBUG_PROVIDERS", "aws:"));
  await host(kubernetesProvider(), port("PULUMI_DEBUG_PROVIDERS", "kubernetes:"));
  await host(postgresqlProvider(), port("PULUMI_DEBUG_PROVIDERS", "postgresql:"));
  const admin = createServer((request, response) =>
    response.writeHead(request.url === "/ready" ? 200 : 404).end(),
  );
  admin.listen(port("PROVIDER_ADMIN_PORT"), "127.0.0.1");
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
