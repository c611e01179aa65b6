using System.Security.Cryptography;

namespace PodExecutor.Driver.Job.State;

/// <summary>What driver and agent of a job agreed on: the link's part of the job file. The key is a secret and never printed.</summary>
internal sealed record LinkState
{
    private const int KeySize = 32;

    public required byte[] Key { get; init; }

    public LinkTransport Transport { get; init; }

    /// <summary>Container to the loopback port on which its agent listens; empty before the first contact.</summary>
    public IReadOnlyDictionary<string, int> Ports { get; init; } = new Dictionary<string, int>();

    public static LinkState New(LinkTransport transport) => new() { Key = RandomNumberGenerator.GetBytes(KeySize), Transport = transport };

    public LinkState WithPort(string container, int port) => this with { Ports = new Dictionary<string, int>(Ports) { [container] = port } };

    public override string ToString() => $"{Transport}, {Ports.Count} ports";
}

internal enum LinkTransport
{
    /// <summary>An exec for the first contact with a container, then port-forward where the server allows it.</summary>
    Auto,

    /// <summary>An exec for each stream.</summary>
    Exec,
}
