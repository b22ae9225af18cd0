/* What does every page do? Toasts that close, menus, dialogs, copy buttons; each by a data attribute. */

import "./toast.js";
import "./menu.js";
import "./dialog.js";
import "./copy.js";
