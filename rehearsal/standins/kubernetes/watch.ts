import {
  type Informer,
  type KubeConfig,
  type KubernetesObject,
  type ListPromise,
  type ObjectCache,
  makeInformer,
} from "@kubernetes/client-node";

/** How long after a broken watch it is taken up again, milliseconds. */
const restartMilliseconds = 500;

/**
 * Keeps a copy of all objects of one kind and tells `changed` of each that appears, changes or goes. After an error it goes on
 * from where it was, or lists anew when that is too long ago. Objects that come from the watch carry dates as text.
 */
export async function keepInformed<T extends KubernetesObject>(
  config: KubeConfig,
  path: string,
  list: ListPromise<T>,
  on: { changed: (object: T) => void; deleted: (object: T) => void },
): Promise<Informer<T> & ObjectCache<T>> {
  const informer = makeInformer(config, path, list);
  let stopped = false;
  informer.on("add", on.changed);
  informer.on("update", on.changed);
  informer.on("delete", on.deleted);
  informer.on("error", () => {
    setTimeout(() => void (stopped || informer.start()), restartMilliseconds);
  });
  const stop = informer.stop.bind(informer);
  informer.stop = () => {
    stopped = true;
    return stop();
  };
  await informer.start();
  return informer;
}
