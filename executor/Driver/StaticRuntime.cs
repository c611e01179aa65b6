using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PodExecutor.Driver;

/// <summary>What a static glibc binary must set before it does anything: see docs/adr/0002-static-native-binaries.md.</summary>
internal static partial class StaticRuntime
{
    /// <summary>
    /// Keeps glibc from loading NSS modules, and gives TLS the HOME it insists on.
    /// </summary>
    public static void Prepare()
    {
        if (RuntimeFeature.IsDynamicCodeSupported)
        {
            return;
        }

        _ = ConfigureLookup("hosts", "files dns");
        _ = ConfigureLookup("passwd", "files");
        _ = ConfigureLookup("group", "files");
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")))
        {
            Environment.SetEnvironmentVariable("HOME", "/");
        }
    }

    /// <summary>
    /// Spares the first TLS call the reading of the system's CA store (50 ms of .NET's parsing, even where a CA is given).
    /// To be called before it, by processes that talk to nobody but a cluster whose CA they have.
    /// </summary>
    public static void SkipSystemCertificates()
    {
        // Managed SetEnvironmentVariable does not reach OpenSSL, which asks getenv.
        _ = SetEnvironment("SSL_CERT_DIR", "/nonexistent", 1);
        _ = SetEnvironment("SSL_CERT_FILE", "/nonexistent", 1);
    }

    [LibraryImport("libc", EntryPoint = "__nss_configure_lookup", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ConfigureLookup(string database, string services);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
