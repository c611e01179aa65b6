using System.Diagnostics;
using System.Text.Json;

namespace PodExecutor.Tests.Images.Fixtures;

/// <summary>Looks at what is in a registry or archive, with a program that is not ours.</summary>
internal static class Skopeo
{
    public static async Task<JsonElement> InspectAsync(string image, params string[] flags) =>
        JsonDocument.Parse(await RunAsync(["inspect", "--tls-verify=false", .. flags, image])).RootElement.Clone();

    public static Task<string> DigestAsync(string image, params string[] flags) => RunAsync(["inspect", "--tls-verify=false", "--format", "{{.Digest}}", .. flags, "docker://" + image]);

    public static async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("skopeo", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"skopeo {string.Join(' ', arguments)}: {await error}");
        return (await output).Trim();
    }
}
