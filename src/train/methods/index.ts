/** The methods by the name they have in a configuration. */
import type { MethodConfig } from "../config/method.js";
import type { Method, Networks } from "./method.js";
import { simclrMethod } from "./simclr.js";

export function createMethod(config: MethodConfig, networks: Networks): Method {
  switch (config.name) {
    case "simclr":
      return simclrMethod(networks, config);
  }
}
