/** Serves a stand-in over the protocol by which the Pulumi engine talks to its providers. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo, type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { changesBetween, pathText, type Change } from "./diff";
import type { Call, Failure, Provider } from "./provider";
import { fromStruct, grpcError, toStruct, type Props } from "./wire";

/** One engine's connection: several stacks, each with its own configuration, may use a stand-in at the same time. */
interface Session {
  config: Record<string, string>;
  engine?: EngineClient;
  cancel: AbortController;
}

/** What a handler gets besides the request: its session, and the provider's view of it for the resource in question. */
interface Context {
  session: Session;
  call: Call;
}

interface Subject {
  getUrn?(): string;
  getName?(): string;
  getType?(): string;
  getTimeout?(): number;
}

/** The differences as the engine shows them: each path with its kind, and whether it forces a replacement. */
export function diffResponse(
  changes: Change[],
  replaces: string[],
  deleteBeforeReplace: boolean,
): rpc.DiffResponse {
  const { DIFF_SOME, DIFF_NONE } = rpc.DiffResponse.DiffChanges;
  const response = new rpc.DiffResponse()
    .setChanges(changes.length + replaces.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setReplacesList(replaces)
    .setDeletebeforereplace(deleteBeforeReplace)
    .setDiffsList([...new Set(changes.map(({ path }) => String(path[0])))])
    .setHasdetaileddiff(true);
  const kinds = new Map<string, Change["kind"]>(replaces.map((path) => [path, "UPDATE"]));
  for (const { path, kind } of changes) kinds.set(pathText(path), kind);
  for (const [path, kind] of kinds) {
    const full: keyof typeof rpc.PropertyDiff.Kind = replaces.includes(path) ? `${kind}_REPLACE` : kind;
    response
      .getDetaileddiffMap()
      .set(path, new rpc.PropertyDiff().setKind(rpc.PropertyDiff.Kind[full]).setInputdiff(true));
  }
  return response;
}

function checked(inputs: Props, failures: Failure[]): rpc.CheckResponse {
  const list = failures.map(({ property, reason }) =>
    new rpc.CheckFailure().setProperty(property).setReason(reason),
  );
  return new rpc.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(list);
}

/** The engines' connections to one provider. */
class Sessions {
  private readonly byPeer = new Map<string, Session>();

  open(peer: string): Session {
    const session = { config: {}, cancel: new AbortController() };
    this.byPeer.set(peer, session);
    return session;
  }

  /** A handler; what it throws becomes the call's error. Its signal is aborted when the engine cancels or goes away. */
  on<Request extends object>(
    work: (request: Request, context: Context) => unknown,
  ): grpc.handleUnaryCall<Request, unknown> {
    return (call, done) => {
      const session = this.byPeer.get(call.getPeer()) ?? this.open(call.getPeer());
      const gone = new AbortController();
      call.on("cancelled", () => gone.abort(new Error("the engine went away")));
      const subject = call.request as Subject;
      const urn = subject.getUrn?.() ?? "";
      const view: Call = {
        name: subject.getName?.() ?? "",
        type: subject.getType?.() ?? "",
        timeoutSeconds: subject.getTimeout?.() ?? 0,
        config: session.config,
        signal: AbortSignal.any([gone.signal, session.cancel.signal]),
        status: (message) => {
          const line = new LogRequest().setSeverity(1).setMessage(message).setUrn(urn).setEphemeral(true);
          session.engine?.log(line, () => undefined);
        },
      };
      Promise.resolve()
        .then(() => work(call.request, { session, call: view }))
        .then((response) => done(null, response))
        .catch((error: unknown) => done(grpcError(error)));
    };
  }
}

/** The gRPC service of one provider. */
export function service(provider: Provider): grpc.UntypedServiceImplementation {
  const sessions = new Sessions();
  const on: Sessions["on"] = (work) => sessions.on(work);
  return {
    getPluginInfo: on(() => new PluginInfo().setVersion(provider.version)),
    // The first call of an engine; another engine may have had its port before.
    attach: (call: grpc.ServerUnaryCall<PluginAttach, Empty>, done: grpc.sendUnaryData<Empty>) => {
      sessions.open(call.getPeer()).engine = new EngineClient(
        call.request.getAddress(),
        grpc.credentials.createInsecure(),
      );
      done(null, new Empty());
    },
    configure: on((request: rpc.ConfigureRequest, { session }) => {
      for (const [key, value] of request.getVariablesMap().entries())
        session.config[key.replace(/^.*:/, "")] = value;
      // Secrets, outputs and resource references are not asked for: the engine then sends plain values, with its
      // sentinel for unknown ones, and marks each output secret whose input was.
      return new rpc.ConfigureResponse().setSupportspreview(true);
    }),
    checkConfig: on((request: rpc.CheckRequest) => checked(fromStruct(request.getNews()), [])),
    diffConfig: on((request: rpc.DiffRequest) => {
      const [old, inputs] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
      return diffResponse(changesBetween(old, inputs), [], false);
    }),
    check: on((request: rpc.CheckRequest, { call }) => {
      const old = request.hasOlds() ? fromStruct(request.getOlds()) : undefined;
      const news = fromStruct(request.getNews());
      const { inputs, failures } = provider.check(call, news, old, request.getRandomseed_asU8());
      return checked(inputs, failures);
    }),
    diff: on(async (request: rpc.DiffRequest, { call }) => {
      const [old, inputs] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
      const changes = changesBetween(old, inputs);
      const { replaces, deleteBeforeReplace } = await provider.replacement(call, changes, old, inputs);
      return diffResponse(changes, replaces, deleteBeforeReplace);
    }),
    create: on(async (request: rpc.CreateRequest, { call }) => {
      const inputs = fromStruct(request.getProperties());
      const state = request.getPreview()
        ? { id: "", outputs: provider.preview(call, inputs) }
        : await provider.create(call, inputs);
      return new rpc.CreateResponse().setId(state.id).setProperties(toStruct(state.outputs));
    }),
    read: on(async (request: rpc.ReadRequest, { call }) => {
      const [old, oldInputs] = [fromStruct(request.getProperties()), fromStruct(request.getInputs())];
      const found = await provider.read(call, request.getId(), old, oldInputs);
      if (!found) return new rpc.ReadResponse();
      return new rpc.ReadResponse()
        .setId(found.id)
        .setProperties(toStruct(found.outputs))
        .setInputs(toStruct(found.inputs));
    }),
    update: on(async (request: rpc.UpdateRequest, { call }) => {
      const [old, inputs] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const preview = request.getPreview();
      const outputs = preview
        ? { ...old, ...inputs }
        : await provider.update(call, request.getId(), inputs, old);
      return new rpc.UpdateResponse().setProperties(toStruct(outputs));
    }),
    delete: on(async (request: rpc.DeleteRequest, { call }) => {
      await provider.remove(call, request.getId(), fromStruct(request.getProperties()));
      return new Empty();
    }),
    invoke: on(async (request: rpc.InvokeRequest, { call }) => {
      const result = await provider.invoke(call, request.getTok(), fromStruct(request.getArgs()));
      return new rpc.InvokeResponse().setReturn(toStruct(result));
    }),
    cancel: on((_: Empty, { session }) => {
      session.cancel.abort(new Error("the update was cancelled"));
      return new Empty();
    }),
  };
}

/** Serves `provider` on 127.0.0.1:`port`, until the process ends. Rejects if the port is taken. */
export function host(provider: Provider, port: number): Promise<number> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(ResourceProviderService, service(provider));
  const secrecy = grpc.ServerCredentials.createInsecure();
  return new Promise((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, secrecy, (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
}
