import { preview } from "./preview";

/** Runs every benchmark, one after another; each writes `bench/results/<name>.json`. */
preview();
