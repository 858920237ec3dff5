import { copyId } from "../../../../cli/ports/recovery/source";
import { createRds, type RdsPlace } from "../../../../cli/ports/recovery/rds";

/** A drill on AWS that has restored its copy and goes on comparing until it is killed. */
const place = JSON.parse(process.argv[2] ?? "{}") as RdsPlace;
const id = copyId(place.prefix, "drill", new Date());
const source = createRds({ source: "rds", tables: [], limitMinutes: 10 }, place);
void source.restore({ id, purpose: "drill", target: new Date().toISOString() }).then(() => {
  process.stdout.write(id);
  setInterval(() => undefined, 1000);
});
