using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>Where an image is copied from.</summary>
internal interface IImageSource
{
    /// <summary>Null: no registry has it.</summary>
    ImageReference? Repository { get; }

    /// <exception cref="TransferException">It is not there, or not reached.</exception>
    Task<Manifest> GetAsync(string digest, CancellationToken cancel);

    /// <summary>A small blob, whole.</summary>
    /// <exception cref="TransferException">It is not there, or not reached.</exception>
    Task<byte[]> GetBlobAsync(string digest, CancellationToken cancel);

    /// <summary>One try.</summary>
    /// <exception cref="TransferException">It is not there, or not reached.</exception>
    Task<Stream> OpenAsync(Descriptor blob, CancellationToken cancel);
}
