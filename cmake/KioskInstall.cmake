# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: libraries, headers, the pkg-config file, the CMake package, the
# tools for gdb and bpftrace, the man pages (KioskMan.cmake).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kiosk)
configure_file(kiosk.pc.in kiosk.pc @ONLY)
configure_package_config_file(cmake/kioskConfig.cmake.in kioskConfig.cmake
    INSTALL_DESTINATION ${package_dir})
# Below 1.0 a minor version may break programs.
write_basic_package_version_file(kioskConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS kiosk kiosk_static EXPORT kioskTargets)
install(EXPORT kioskTargets NAMESPACE kiosk:: DESTINATION ${package_dir})
install(DIRECTORY include/kiosk DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/kiosk.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_BINARY_DIR}/kioskConfig.cmake ${PROJECT_BINARY_DIR}/kioskConfigVersion.cmake
    DESTINATION ${package_dir})

install(FILES tools/kiosk-gdb.py RENAME ${gdb_script}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/gdb/auto-load/${CMAKE_INSTALL_FULL_LIBDIR})
install(FILES tools/kiosk-gdb.py DESTINATION ${CMAKE_INSTALL_DATADIR}/kiosk)
install(DIRECTORY tools/bpftrace DESTINATION ${CMAKE_INSTALL_DATADIR}/kiosk USE_SOURCE_PERMISSIONS)

# What has to be built for it: `make install` builds no tests.
add_custom_target(installed DEPENDS kiosk kiosk_static $<TARGET_NAME_IF_EXISTS:man>)
