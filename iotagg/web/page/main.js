// Where it all begins: the views, then what stands around them.

import * as anomalies from "./anomalies.js";
import * as device from "./device.js";
import * as files from "./files.js";
import * as live from "./live.js";
import * as overview from "./overview.js";
import * as pair from "./pair.js";
import * as router from "./router.js";
import * as search from "./search.js";
import * as signIn from "./sign_in.js";
import * as switches from "./switches.js";
import * as top from "./top.js";
import * as upload from "./upload.js";

for (const view of [overview, top, anomalies, pair, device, files, upload]) router.addView(view);
switches.begin();
search.begin();
await signIn.begin(); // somebody may come back from where they signed in
router.begin();
live.begin();
