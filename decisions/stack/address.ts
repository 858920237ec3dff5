import { z } from "zod";

/** An address in config. Config is in git, in history and in the state: it has no place for a password. */
export const addressSchema = z
  .url()
  .refine(
    (text) => !/^[a-z][\w+.-]*:\/\/[^/?#]*@/i.test(text),
    "must be an address without user and password, for config holds no secret",
  );
