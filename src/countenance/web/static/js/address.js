// SPDX-License-Identifier: Apache-2.0
// Gives a page that answered a form the address where the same is found again, so that a reload sends nothing twice:
//   <p data-address="/searches/sea_1">

const place = document.querySelector("[data-address]");
if (place !== null) history.replaceState(null, "", place.dataset.address);
