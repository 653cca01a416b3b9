/** The methods by the name they have in a configuration. */
import type { MethodConfig } from "../config/method.js";
import { barlowTwinsMethod } from "./barlow-twins.js";
import { byolMethod } from "./byol.js";
import { dclMethod } from "./dcl.js";
import type { Method, Networks } from "./method.js";
import { mocoMethod } from "./moco.js";
import { simclrMethod } from "./simclr.js";
import { simsiamMethod } from "./simsiam.js";
import { supconMethod } from "./supcon.js";
import { supervisedMethod } from "./supervised.js";
import { vicregMethod } from "./vicreg.js";

export function createMethod(config: MethodConfig, networks: Networks): Method {
  switch (config.name) {
    case "simclr":
      return simclrMethod(networks, config);
    case "dcl":
      return dclMethod(networks, config);
    case "vicreg":
      return vicregMethod(networks, config);
    case "barlow-twins":
      return barlowTwinsMethod(networks, config);
    case "byol":
      return byolMethod(networks, config);
    case "simsiam":
      return simsiamMethod(networks);
    case "moco":
      return mocoMethod(networks, config);
    case "supervised":
      return supervisedMethod(networks, config);
    case "supcon":
      return supconMethod(networks, config);
  }
}
