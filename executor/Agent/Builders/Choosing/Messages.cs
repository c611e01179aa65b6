using Google.Protobuf;
using Grpc.Core;

namespace PodExecutor.Agent.Builders.Choosing;

internal static class Messages
{
    public static Marshaller<T> Of<T>(MessageParser<T> parser)
        where T : class, IMessage<T> => Marshallers.Create(message => message.ToByteArray(), parser.ParseFrom);
}
