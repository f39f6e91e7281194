/* SPDX-License-Identifier: Apache-2.0 */
/* version - the version the library was built as. No state; any thread may call it. */
#include <kiosk/version.h>

#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)

const char *ks_version(void)
{
    return TEXT(KS_VERSION_MAJOR) "." TEXT(KS_VERSION_MINOR) "." TEXT(KS_VERSION_PATCH);
}
