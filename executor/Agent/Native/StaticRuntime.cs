using System.Runtime.InteropServices;

namespace PodExecutor.Agent.Native;

/// <summary>What a static glibc binary must set before it does anything: see docs/adr/0002-static-native-binaries.md.</summary>
internal static partial class StaticRuntime
{
    /// <summary>
    /// Keeps glibc from loading the image's own NSS modules (nsswitch.conf), which ends the process on some images, and gives
    /// TLS the HOME it insists on.
    /// </summary>
    public static void Prepare()
    {
        if (!System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported)
        {
            _ = ConfigureLookup("hosts", "files dns");
            _ = ConfigureLookup("passwd", "files");
            _ = ConfigureLookup("group", "files");
        }

        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")))
        {
            Environment.SetEnvironmentVariable("HOME", "/");
        }
    }

    [LibraryImport("libc", EntryPoint = "__nss_configure_lookup", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ConfigureLookup(string database, string services);
}
