import { leaseSchema, type Lease } from "../../decisions/stack/lease";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import type { Parameters } from "../ports/parameters";

/** A lease's parameter: read by its schema, because what stands in it decides who may change the stack. */
export class LeaseStore {
  constructor(
    private readonly parameters: Parameters,
    readonly path: string,
  ) {}

  /** Undefined where nobody has the lease; throws refused (4) where it cannot be read. */
  async read(): Promise<Lease | undefined> {
    const text = await this.parameters.read(this.path);
    if (text === undefined) return undefined;
    try {
      return leaseSchema.parse(JSON.parse(text));
    } catch (error) {
      throw new Failure(
        exitCodes.refused,
        `The lease ${this.path} cannot be read, so nobody knows who may change the stack: ${messageOf(error)}. Delete it once no command runs (\`aws ssm delete-parameter\`), then run the command again.`,
        { cause: error },
      );
    }
  }

  /** Writes the lease only where there is none; says whether it did. */
  create = (lease: Lease): Promise<boolean> => this.parameters.create(this.path, JSON.stringify(lease));

  write = (lease: Lease): Promise<void> => this.parameters.put(this.path, JSON.stringify(lease));

  remove = (): Promise<void> => this.parameters.remove(this.path);
}
