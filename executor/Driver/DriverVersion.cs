namespace PodExecutor.Driver;

/// <summary>The version that this binary was built as. The build writes the other part (Driver.csproj): reflection is dear in a short call.</summary>
internal static partial class DriverVersion;
