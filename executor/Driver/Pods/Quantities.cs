using System.Globalization;
using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Pods;

/// <summary>Kubernetes quantities ("500m", "1Gi"), as far as we must know them. Source: apimachinery, pkg/api/resource.</summary>
internal static partial class Quantities
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static bool IsValid(string text) => text.Length == 0 || Form().IsMatch(text);

    /// <summary>Bytes for a person: "256 MiB".</summary>
    public static string Bytes(ulong bytes)
    {
        var unit = 0;
        double value = bytes;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }

    [GeneratedRegex(@"^[+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$")]
    private static partial Regex Form();
}
