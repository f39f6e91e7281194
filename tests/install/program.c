/* SPDX-License-Identifier: Apache-2.0 */
/* program - what a user of an installed kiosk compiles first. */
#include <kiosk/version.h>
#include <stdio.h>

int main(void)
{
    puts(ks_version());
    return 0;
}
