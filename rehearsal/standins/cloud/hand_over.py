"""What exists before the program: a load balancer with a listener for each stack, from the platform team.

Usage: python hand_over.py staging=PORT prod=PORT; prints {"vpcId": ..., "listeners": {"staging": ARN, ...}}.
"""

import json
import sys

import boto3


def main(pairs: list[str]) -> None:
    """Makes one load balancer and listener for each `stack=port` in the default VPC, prints what they are."""
    subnets = boto3.client("ec2").describe_subnets()["Subnets"][:2]
    elb = boto3.client("elbv2")
    default = {
        "Type": "fixed-response",
        "FixedResponseConfig": {
            "StatusCode": "404",
            "ContentType": "text/plain",
            "MessageBody": "no such host",
        },
    }
    arns = {}
    for stack, port in (pair.split("=") for pair in pairs):
        made = elb.create_load_balancer(
            Name=f"school-{stack}", Type="application", Subnets=[s["SubnetId"] for s in subnets]
        )
        listener = elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=int(port),
            DefaultActions=[default],
        )
        arns[stack] = listener["Listeners"][0]["ListenerArn"]
    print(json.dumps({"vpcId": subnets[0]["VpcId"], "listeners": arns}))


if __name__ == "__main__":
    main(sys.argv[1:])
