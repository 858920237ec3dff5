/**
 * Runs the stand-ins for the Pulumi providers. Environment: AWS_PROVIDER_PORT, KUBERNETES_PROVIDER_PORT,
 * POSTGRESQL_PROVIDER_PORT, PROVIDER_ADMIN_PORT (GET /ready), AWS_ENDPOINT_URL or CLOUD_URL, KUBECONFIG. The engine attaches to them by
 * PULUMI_DEBUG_PROVIDERS="aws:<port>,kubernetes:<port>,postgresql:<port>".
 */
import { createServer } from "node:http";
import { awsProvider } from "./aws/provider";
import { host } from "./host";
import { kubernetesProvider } from "./kubernetes/provider";
import { postgresqlProvider } from "./postgresql/provider";

function port(variable: string): number {
  const value = Number(process.env[variable]);
  if (value > 0 && value < 65536) return value;
  throw new Error(`${variable} must be a port; it is ${process.env[variable] ?? "not set"}.`);
}

async function main(): Promise<void> {
  const endpoint = process.env["AWS_ENDPOINT_URL"] ?? process.env["CLOUD_URL"];
  // Without an endpoint the SDK would talk to the real AWS.
  if (!endpoint) throw new Error("AWS_ENDPOINT_URL or CLOUD_URL must name the local cloud.");
  process.once("SIGTERM", () => process.exit(0));
  await host(awsProvider(endpoint), port("AWS_PROVIDER_PORT"));
  await host(kubernetesProvider(), port("KUBERNETES_PROVIDER_PORT"));
  await host(postgresqlProvider(), port("POSTGRESQL_PROVIDER_PORT"));
  const admin = createServer((request, response) =>
    response.writeHead(request.url === "/ready" ? 200 : 404).end(),
  );
  admin.listen(port("PROVIDER_ADMIN_PORT"), "127.0.0.1");
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
