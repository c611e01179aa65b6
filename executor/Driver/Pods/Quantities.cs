using System.Globalization;
using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Pods;

/// <summary>Kubernetes quantities ("500m", "1Gi"), as far as we must know them. Source: apimachinery, pkg/api/resource.</summary>
internal static partial class Quantities
{
    private const double Kilo = 1000;
    private const double Kibi = 1024;

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static bool IsValid(string text) => text.Length == 0 || Form().IsMatch(text);

    /// <summary>Whole bytes of a quantity without an exponent ("5Gi", "500M", "1048576"); null for anything else, and for more than a long holds.</summary>
    public static long? ToBytes(string text)
    {
        var unit = text.AsSpan().TrimStart("0123456789.");
        var power = unit.Length == 0 ? 0 : "kMGTPE".IndexOf(unit[0] == 'K' ? 'k' : unit[0], StringComparison.Ordinal) + 1;
        if ((unit.Length > 0 && (power == 0 || unit is not ([_] or [_, 'i'])))
            || !decimal.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var bytes = number * (decimal)Math.Pow(unit is [_, 'i'] ? 1024 : 1000, power);
        return bytes <= long.MaxValue ? (long)bytes : null;
    }

    /// <summary>The number that a valid quantity stands for, good enough to compare two of them.</summary>
    public static double Value(string text)
    {
        var form = Form().Match(text);
        var number = double.Parse(form.Groups[1].Value, NumberStyles.Float, CultureInfo.InvariantCulture);
        var unit = form.Groups[2].Value;
        return unit switch
        {
            "" => number,
            "n" => number / (Kilo * Kilo * Kilo),
            "u" => number / (Kilo * Kilo),
            "m" => number / Kilo,
            ['e' or 'E', _, ..] => number * Math.Pow(10, int.Parse(unit[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)),
            [var prefix, 'i'] => number * Math.Pow(Kibi, Power(prefix)),
            [var prefix] => number * Math.Pow(Kilo, Power(prefix)),
            _ => throw new FormatException($"\"{text}\" is no quantity"),
        };
    }

    /// <summary>Bytes for a person: "256 MiB".</summary>
    public static string Bytes(ulong bytes)
    {
        var unit = 0;
        double value = bytes;
        while (value >= Kibi && unit < Units.Length - 1)
        {
            value /= Kibi;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }

    private static int Power(char prefix) => "kMGTPE".IndexOf(char.ToUpperInvariant(prefix) == 'K' ? 'k' : prefix, StringComparison.Ordinal) + 1;

    // Fifteen digits and a two-digit exponent: more is no amount of anything, and would not fit a number.
    [GeneratedRegex(@"^[+]?([0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,2})?\z")]
    private static partial Regex Form();
}
