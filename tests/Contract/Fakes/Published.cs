namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>The native binaries under test.</summary>
internal static class Published
{
    public static string Driver => Given("POD_EXECUTOR_BINARY");

    public static string Agent => Given("POD_AGENT_BINARY");

    private static string Given(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{variable} is not set. These tests are started by ./test.sh, which publishes the binaries.");
}
