using System.Reflection;

namespace PodExecutor.Driver;

/// <summary>The version that this binary was built as.</summary>
internal static class DriverVersion
{
    public static string Text { get; } =
        typeof(DriverVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
