namespace PodExecutor.Agent.Images.Progress;

/// <summary>Bytes for a person, in docker's decimal units.</summary>
internal static class ByteText
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    public static string Of(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (value >= 1000 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return unit == 0 ? $"{bytes}B" : $"{value:0.##}{Units[unit]}";
    }
}
